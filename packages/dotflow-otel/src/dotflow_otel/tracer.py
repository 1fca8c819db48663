"""`TracerOpenTelemetry`: one trace a run, one span a task."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dotflow.__about__ import __version__
from dotflow.abc.tracer import Tracer
from dotflow_otel.attributes import (
    exception_type,
    failure_attributes,
    workflow_attributes,
)
from dotflow_otel.flush import Flushed

if TYPE_CHECKING:
    from dotflow.model.graph import Graph
    from dotflow.model.outcome import Around, Failure
    from dotflow_otel.run_spans import RunSpans

# How long a task that runs without a run of its own may be held up.
LONE_TASK_SECONDS = 2.0


class TracerOpenTelemetry(Flushed, Tracer):
    """Records a run as a trace: `workflow:<id>` with a span `task:<id>` for each task.

    A task's span links to those of the tasks it waited for, and has an event for each
    attempt that started, failed or is to be repeated. While a step runs, in whichever
    thread or process, the task's span is the current one. The trace continues that of
    the caller, or of the variable `TRACEPARENT`.

    Spans go to the application's tracer provider if it has set one. Otherwise dotflow
    has a provider of its own, which the variables `OTEL_*` configure; it never becomes
    the global one.

    Args:
        service_name: The resource's `service.name` in dotflow's own provider. The
            variable `OTEL_SERVICE_NAME` replaces the default.
    """

    def __init__(self, service_name: str = "dotflow") -> None:
        self.active = os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true"
        self._service_name = service_name
        self._provider: Any = None
        # By graph where there is one: two runs of one workflow may go on at once.
        self._runs: dict[Any, list[RunSpans]] = {}
        self._by_task: dict[int, RunSpans] = {}

    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Begin the trace of a run.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run; it becomes attributes.
        """
        self.start_run(workflow_id, None, **kwargs)

    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """End the trace of a run.

        Args:
            workflow_id: The workflow's id.
            kwargs: How it ended; `failed` sets the status, all become attributes.
        """
        self.end_run(workflow_id, None, **kwargs)

    def start_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """Begin the trace of a run.

        Args:
            workflow_id: The workflow's id.
            graph: Its tasks and their edges.
            kwargs: As for `start_workflow`.
        """
        run = self._new_run(graph)
        run.workflow_id = str(workflow_id)
        run.start(f"workflow:{workflow_id}", workflow_attributes(workflow_id, kwargs))
        self._runs.setdefault(_key(workflow_id, graph), []).append(run)
        for task in run.nodes.values():
            self._by_task[id(task)] = run

    def end_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """End the trace of a run.

        Args:
            workflow_id: The workflow's id.
            graph: What `start_run` was given.
            kwargs: As for `end_workflow`.
        """
        key = _key(workflow_id, graph)
        runs = self._runs.get(key)
        if not runs:
            return
        run = runs.pop()
        if not runs:
            self._runs.pop(key, None)
        for task in run.nodes.values():
            self._by_task.pop(id(task), None)
        run.end(workflow_attributes(workflow_id, kwargs), bool(kwargs.get("failed")))

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
        if run.span is None:  # a task that runs by itself: no run's end will flush
            self._by_task.pop(id(task), None)
            run.forget()
            self.flush(LONE_TASK_SECONDS)

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
            task: The `Task`.
            failure: Why it failed; None if it succeeded.
            delay: Seconds until the next attempt; None if there is no other one.
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

    def _new_run(self, graph: Graph | None) -> RunSpans:
        from dotflow_otel.context import incoming_context
        from dotflow_otel.pipelines import tracer_provider
        from dotflow_otel.run_spans import RunSpans

        # Anew for each run: the application may have set its provider meanwhile.
        self._provider = tracer_provider(self._service_name)
        tracer = self._provider.get_tracer("dotflow", __version__)
        return RunSpans(tracer, incoming_context(), graph)

    def _run_of(self, task: Any) -> RunSpans:
        run = self._by_task.get(id(task))
        if run is not None:
            return run
        # A task that its run has made on the way, or one of a run without a graph.
        workflow_id = str(task.workflow_id)
        for runs in list(self._runs.values()):
            for run in runs:
                if run.workflow_id == workflow_id:
                    return run
        return self._by_task.setdefault(id(task), self._new_run(None))

    def __repr__(self) -> str:
        return f"TracerOpenTelemetry(service_name={self._service_name!r})"


def _key(workflow_id: Any, graph: Graph | None) -> Any:
    return str(workflow_id) if graph is None else id(graph)
