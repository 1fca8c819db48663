"""`TracerOpenTelemetry`: one trace a run, one span a task."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dotflow.__about__ import __version__
from dotflow.providers.run_tracer import RunTracer
from dotflow_otel.attributes import exception_type, failure_attributes
from dotflow_otel.flush import Flushed

if TYPE_CHECKING:
    from dotflow.model.graph import Graph
    from dotflow.model.outcome import Around, Failure
    from dotflow_otel.run_spans import RunSpans


class TracerOpenTelemetry(Flushed, RunTracer["RunSpans"]):
    """Records a run as a trace: `workflow:<id>` with a span `task:<id>` for each task.

    A task's span links to those of the tasks it waited for, and has an event for each
    attempt that started, failed or is to be repeated. While a step runs, in whichever
    thread or process, the task's span is the current one. The trace continues that of
    the caller, or of the variable `TRACEPARENT`.

    Spans go to the application's tracer provider if it has set one. Otherwise dotflow
    makes one, which the variables `OTEL_*` configure, and sets it as the global one, so
    that exporters which the application adds get the spans too.

    Args:
        service_name: The resource's `service.name` in dotflow's own provider. The
            variable `OTEL_SERVICE_NAME` replaces the default.
    """

    def __init__(self, service_name: str = "dotflow") -> None:
        super().__init__()
        self.active = os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
        self._service_name = service_name
        self._provider: Any = None
        if self.active:
            from dotflow_otel.pipelines import tracer_provider

            self._provider = tracer_provider(service_name)

    def begin(
        self, workflow_id: str, graph: Graph | None, values: dict[str, Any]
    ) -> RunSpans:
        """Begin the span of a run; see `RunTracer.begin`."""
        run = self._new_run(workflow_id, graph)
        run.start(values)
        return run

    def start_task(self, task: Any) -> None:
        """Begin the span of a task.

        Args:
            task: The `Task`.
        """
        self._run_of(task).span_of(task)

    def end_task(self, task: Any) -> None:
        """End the span of a task.

        Args:
            task: The `Task`.
        """
        run = self._run_of(task)
        run.end_task(task)
        if run.span is None:  # a task that runs by itself: no run's end will forget it
            self._by_task.pop(id(task), None)
            run.forget()

    def start_attempt(self, task: Any) -> None:
        """Note an attempt as an event.

        Args:
            task: The `Task`.
        """
        span = self._run_of(task).span_of(task)
        span.add_event("dotflow.attempt.started", {"dotflow.attempt": task.attempt})

    def end_attempt(
        self, task: Any, failure: Failure | None = None, delay: float | None = None
    ) -> None:
        """Note the failure of an attempt, and its retry, as events.

        Args:
            task: As of `Tracer.end_attempt`.
            failure: As there.
            delay: As there.
        """
        if failure is None:
            return
        number = {"dotflow.attempt": task.attempt}
        span = self._run_of(task).span_of(task)
        span.add_event("exception", failure_attributes(failure) | number)
        if delay is None:
            span.set_attribute("error.type", exception_type(failure))
        else:
            span.add_event(
                "dotflow.attempt.retried", number | {"dotflow.retry.delay": delay}
            )

    def around(self, task: Any) -> Around | None:
        """Return what makes the task's span the current one while its step runs.

        Args:
            task: The `Task`.
        """
        from dotflow_otel.context import TaskScope, context_of

        found = context_of(task)
        return None if found is None else TaskScope(found)

    def _new_run(self, workflow_id: str, graph: Graph | None) -> RunSpans:
        from dotflow_otel.context import incoming_context
        from dotflow_otel.pipelines import tracer_provider
        from dotflow_otel.run_spans import RunSpans

        # Anew for each run: the application may have set its provider meanwhile.
        self._provider = tracer_provider(self._service_name)
        tracer = self._provider.get_tracer("dotflow", __version__)
        return RunSpans(tracer, incoming_context(), workflow_id, graph)

    def _run_of(self, task: Any) -> RunSpans:
        run = self.run_of(task)
        if run is None:
            run = self._by_task[id(task)] = self._new_run(str(task.workflow_id), None)
        return run

    def __repr__(self) -> str:
        return f"TracerOpenTelemetry(service_name={self._service_name!r})"
