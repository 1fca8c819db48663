"""`StateWriter`: the first listener of a run, which has the state store note all.

It hears each event before the log and the hooks do: what they tell of is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dotflow.engine.retention import Unneeded
from dotflow.model import events
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from dotflow.model.outcome import Failure
    from dotflow.model.task import TaskInstance
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.state import StateStoreProtocol, TaskRunRecord

UPSTREAM_FAILED = "UPSTREAM_FAILED"
CANCELLED = "CANCELLED"


class Cancelled(NamedTuple):
    """A task that the end of its run has stopped, or kept from running.

    Attributes:
        record: What is known of it now.
        ran: Whether an attempt was stopped.
        error: Why.
    """

    record: TaskRunRecord
    ran: bool
    error: str


class StateWriter:
    """Has the store note what becomes of tasks; results are `StoredResults`'.

    Args:
        store: The state store.
        run_id: The run.
    """

    def __init__(self, store: StateStoreProtocol, run_id: str) -> None:
        self._store = store
        self._mark_running = store.mark_running
        self._run_id = run_id

    def connect(self, bus: events.EventBus, name: str) -> None:
        """Listen; a failure to write is reported by this name."""
        bus.subscribe_all(
            {
                events.TaskStarted: self._on_started,
                events.TaskRetried: self._on_retried,
                events.TaskFailed: self._on_failed,
                events.TaskSkipped: self._on_skipped,
            },
            name,
        )

    def cancel_rest(self, reason: str | None) -> list[Cancelled]:
        """Note what the end of an interrupted run has stopped or prevented."""
        error = CANCELLED if reason is None else f"{CANCELLED}: {reason}"
        rest = []
        for record in list(self._store.get_run(self._run_id).tasks.values()):
            ran = record.status == "RUNNING"
            if ran:
                self._store.mark_failed(self._run_id, record.task_name, error)
            elif record.status == "PENDING":
                self._store.mark_skipped(self._run_id, record.task_name, CANCELLED)
            else:
                continue
            rest.append(Cancelled(record, ran, error))
        return rest

    def _on_started(self, event: events.TaskStarted) -> None:
        self._mark_running(self._run_id, event.task.name)

    def _on_failed(self, event: events.TaskFailed) -> None:
        if not event.task.attempt:  # before its first one, over a cached result
            record = self._store.get_run(self._run_id).tasks[event.task.name]
            if record.status == "PENDING":
                self._store.mark_running(self._run_id, event.task.name)
        self._note_failure(event)

    def _on_retried(self, event: events.TaskRetried) -> None:
        self._note_failure(event)
        self._store.mark_retry(self._run_id, event.task.name)

    def _note_failure(self, event: events.TaskFailed | events.TaskRetried) -> None:
        error = error_of(event.task, event.failure)
        self._store.mark_failed(self._run_id, event.task.name, error)

    def _on_skipped(self, event: events.TaskSkipped) -> None:
        self._store.mark_skipped(self._run_id, event.task.name, UPSTREAM_FAILED)


class Unretained(Unneeded):
    """Lets go of results that are not retained, in the store too.

    Args:
        plan: What runs.
        store: The state store.
        run_id: The run.
    """

    def __init__(self, plan: Plan, store: StateStoreProtocol, run_id: str) -> None:
        super().__init__(plan.dag.edges, dict(plan.transient))
        self._store = store
        self._run_id = run_id

    def let_go(self, task: TaskInstance) -> None:
        """Let go of the result of a task."""
        # The context itself is shared with the tasks downstream.
        task.current_context.storage = None
        clear = getattr(self._store, "clear_result", None)
        if clear is not None:  # a store of a user's own may not know how
            clear(self._run_id, task.name)


def error_of(task: TaskInstance, failure: Failure) -> str:
    """Return what a record says of a failure."""
    if failure.kind == TypeOutcome.TIMEOUT:
        return f"Timeout after {task.step.timeout}s"
    return failure.traceback or f"{failure.exception}: {failure.message}"
