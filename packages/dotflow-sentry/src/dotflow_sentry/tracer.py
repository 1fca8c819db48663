"""`TracerSentry`: a transaction for each run, a span for each of its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.providers.run_tracer import RunTracer
from dotflow.types import TypeOutcome, TypeStatus
from dotflow_sentry.flush import Flushed

if TYPE_CHECKING:
    from dotflow.model.graph import Graph
    from dotflow.model.outcome import Around

_STATUSES = {
    TypeStatus.COMPLETED: "ok",
    TypeStatus.FAILED: "internal_error",
    TypeStatus.CANCELLED: "cancelled",
}


class TracerSentry(Flushed, RunTracer["_Run"]):
    """Records a run as a transaction `workflow:<id>`, with a span for each task.

    Inside a span of the caller the run is a span of that one's transaction. While a
    step runs in this process its task's span is the current one; in another process
    what it reports belongs to the same trace.

    Args:
        dsn: Where to report. None to use the SDK as it is initialised otherwise.
        environment: The environment that transactions name.
        traces_sample_rate: The part of runs that is sent, from 0.0 to 1.0. Where the
            application has initialised the SDK, its setting decides.

    Raises:
        ProviderError: The DSN is none.
    """

    def __init__(
        self,
        dsn: str | None = None,
        environment: str | None = None,
        traces_sample_rate: float = 1.0,
    ) -> None:
        from dotflow_sentry.sdk import set_up

        super().__init__()
        set_up("TracerSentry", dsn, environment, traces_sample_rate)
        self._environment = environment
        self._rate = traces_sample_rate

    def begin(
        self, workflow_id: str, graph: Graph | None, values: dict[str, Any]
    ) -> _Run:
        """Begin the transaction of a run; see `RunTracer.begin`."""
        run = _Run(workflow_id, self._rate)
        run.describe(values)
        for task in () if graph is None else graph.tasks:
            run.add(task)
        return run

    def start_task(self, task: Any) -> None:
        """Begin the span of a task.

        Args:
            task: The `Task`.
        """
        run = self.run_of(task)
        if run is not None:
            run.start_task(task)

    def end_task(self, task: Any) -> None:
        """End the span of a task.

        Args:
            task: The `Task`.
        """
        run = self.run_of(task)
        if run is not None:
            run.end_task(task)

    def around(self, task: Any) -> Around | None:
        """Return what makes the task's span the current one while its step runs.

        Args:
            task: The `Task`.
        """
        from dotflow_sentry.spans import SpanScope, span_of, task_tags

        span = span_of(task)
        return None if span is None else SpanScope(span, task_tags(task))

    def __repr__(self) -> str:
        return f"TracerSentry(environment={self._environment!r})"


class _Run:
    """The transaction of one run, or its span in the caller's."""

    def __init__(self, workflow_id: str, traces_sample_rate: float) -> None:
        import sentry_sdk

        from dotflow_sentry.sdk import decision

        self.workflow_id = workflow_id
        name = f"workflow:{workflow_id}"
        caller = sentry_sdk.get_current_span()
        self.span: Any
        if caller is not None and caller.containing_transaction is not None:
            self.span = caller.start_child(op="workflow", name=name)
        else:
            # Typed as a bool; None is what makes the SDK decide.
            sampled: Any = decision(traces_sample_rate)
            self.span = sentry_sdk.start_transaction(
                op="workflow", name=name, source="custom", sampled=sampled
            )
        self.span.set_tag("dotflow.workflow_id", workflow_id)
        self.tasks: list[Any] = []
        self._open: dict[int, Any] = {}

    def describe(self, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self.span.set_data(f"dotflow.{name}", value)
        if "mode" in values:
            self.span.set_tag("dotflow.mode", values["mode"])

    def add(self, task: Any) -> None:
        from dotflow_sentry.spans import remember_span

        # What is reported of a task that has no span yet belongs to the run's.
        remember_span(task, self.span)
        self.tasks.append(task)

    def start_task(self, task: Any) -> None:
        from dotflow_sentry.spans import remember_span, span_of, task_tags

        span = self.span.start_child(op="task", name=task.name)
        for name, value in task_tags(task).items():
            span.set_tag(name, value)
        self._open[id(task)] = span
        if span_of(task) is None:
            self.tasks.append(task)
        remember_span(task, span)

    def end_task(self, task: Any) -> None:
        if id(task) not in self._open:
            self.start_task(task)
        span = self._open.pop(id(task))
        span.set_tag("dotflow.task.status", task.status)
        span.set_data("dotflow.task.retry_count", task.retry_count)
        if task.duration is not None:
            span.set_data("dotflow.task.duration", task.duration)
        if getattr(task, "outcome", None) == TypeOutcome.TIMEOUT:
            span.set_status("deadline_exceeded")
        else:
            span.set_status(_STATUSES.get(task.status, "unknown_error"))
        span.finish()

    def end(self, values: dict[str, Any]) -> None:
        from dotflow_sentry.spans import forget_spans

        self.describe(values)
        for span in self._open.values():
            span.finish()
        forget_spans(self.tasks)
        self.span.set_status("internal_error" if values.get("failed") else "ok")
        self.span.finish()
