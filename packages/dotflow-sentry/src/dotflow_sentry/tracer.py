"""`TracerSentry`: a transaction for each run, a span for each of its tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.abc.tracer import Tracer
from dotflow.types import TypeOutcome, TypeStatus

if TYPE_CHECKING:
    from dotflow.model.graph import Graph
    from dotflow.model.outcome import Around

_STATUSES = {
    TypeStatus.COMPLETED: "ok",
    TypeStatus.FAILED: "internal_error",
    TypeStatus.CANCELLED: "cancelled",
}


class TracerSentry(Tracer):
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

        set_up("TracerSentry", dsn, environment, traces_sample_rate)
        self._environment = environment
        self._rate = traces_sample_rate
        # By graph where there is one: two runs of one workflow may go on at once.
        self._runs: dict[Any, list[_Run]] = {}
        self._by_task: dict[int, _Run] = {}

    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Begin the transaction of a run.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run; it becomes data of the transaction.
        """
        self.start_run(workflow_id, None, **kwargs)

    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """End the transaction of a run.

        Args:
            workflow_id: The workflow's id.
            kwargs: How it ended: `duration` and `failed`.
        """
        self.end_run(workflow_id, None, **kwargs)

    def start_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """Begin the transaction of a run.

        Args:
            workflow_id: The workflow's id.
            graph: Its tasks and their edges.
            kwargs: As for `start_workflow`.
        """
        run = _Run(str(workflow_id), self._rate)
        run.describe(kwargs)
        self._runs.setdefault(_key(workflow_id, graph), []).append(run)
        for task in () if graph is None else graph.tasks:
            self._by_task[id(task)] = run
            run.add(task)

    def end_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """End the transaction of a run.

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
        for task in run.tasks:
            self._by_task.pop(id(task), None)
        run.describe(kwargs)
        run.end(bool(kwargs.get("failed")))

    def start_task(self, task: Any) -> None:
        """Begin the span of a task.

        Args:
            task: The `Task`.
        """
        run = self._run_of(task)
        if run is not None:
            run.start_task(task)

    def end_task(self, task: Any) -> None:
        """End the span of a task.

        Args:
            task: The `Task`.
        """
        run = self._run_of(task)
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

    def flush(self, seconds: float) -> bool:
        """Send what was recorded.

        Args:
            seconds: The most to wait.

        Returns:
            Whether it took less than that.
        """
        from dotflow_sentry.sdk import flush

        return flush(seconds)

    def _run_of(self, task: Any) -> _Run | None:
        found = self._by_task.get(id(task))
        if found is not None:
            return found
        # A task that its run has made on the way, or one of a run without a graph.
        workflow_id = str(task.workflow_id)
        active = (run for runs in list(self._runs.values()) for run in runs)
        return next((run for run in active if run.workflow_id == workflow_id), None)

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

    def end(self, failed: bool) -> None:
        from dotflow_sentry.spans import forget_spans

        for span in self._open.values():
            span.finish()
        forget_spans(self.tasks)
        self.span.set_status("internal_error" if failed else "ok")
        self.span.finish()


def _key(workflow_id: Any, graph: Graph | None) -> Any:
    return str(workflow_id) if graph is None else id(graph)
