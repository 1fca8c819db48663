"""`StateWriter`: what a run tells its state store, its hooks and its logger."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dotflow.model import events
from dotflow.pipeline import hooks as told
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from dotflow.model.context import Context
    from dotflow.model.outcome import Failure
    from dotflow.model.task import Task
    from dotflow.pipeline.hooks import HookDispatcher
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.state import StateStoreProtocol

UPSTREAM_FAILED = "UPSTREAM_FAILED"
CANCELLED = "CANCELLED"

_ENDS = (
    events.TaskCompleted,
    events.TaskRestored,
    events.TaskFailed,
    events.TaskSkipped,
)


class StateWriter:
    """Turns the events of the engine into records, calls of hooks and log lines.

    Args:
        plan: What runs.
        store: The state store.
        run_id: The run.
        hooks: The hooks.
        logger: The logger.
    """

    def __init__(
        self,
        plan: Plan,
        store: StateStoreProtocol,
        run_id: str,
        hooks: HookDispatcher,
        logger: logging.Logger,
    ) -> None:
        self._plan = plan
        self._store = store
        self._mark_running = store.mark_running
        self._run_id = run_id
        self._dag_name = plan.dag.name
        self._hooks = hooks
        self._logger = logger
        self._waiting = dict(plan.transient)
        self._results: dict[str, Context] = {}

    def connect(self, bus: events.EventBus) -> None:
        """Listen to what is of use to somebody, and to nothing else."""
        hears, logs = self._hooks.hears, self._logger.isEnabledFor
        listeners: list[tuple[type[events.Event], Callable[[Any], None]]] = [
            (events.TaskStarted, self._record_start),
            (events.TaskRetried, self._on_retried),
            (events.TaskFailed, self._on_failed),
            (events.TaskSkipped, self._on_skipped),
            (events.TaskRestored, self._on_restored),
        ]
        if hears("on_task_start") or logs(logging.DEBUG):
            listeners.append((events.TaskStarted, self._tell_start))
        if hears("on_task_success") or logs(logging.INFO):
            listeners.append((events.TaskCompleted, self._tell_success))
        if self._waiting:
            listeners += [(kind, self._let_go) for kind in _ENDS]
        name = f"The state of pipeline '{self._dag_name}'"
        for event, listener in listeners:
            bus.subscribe(event, listener, name)

    def begin(self) -> None:
        """Tell that the run begins."""
        self._logger.info("DAG %r started  run_id=%s", self._dag_name, self._run_id)
        if self._hooks.hears("on_dag_start"):
            event = told.DagStartEvent(self._run_id, self._dag_name)
            self._hooks.emit("on_dag_start", event)

    def end(self, interrupted: bool, reason: str | None = None) -> None:
        """Note how the run ended, and tell it.

        Args:
            interrupted: Whether it ended early.
            reason: Why, if somebody has asked for it.

        Raises:
            Exception: The state store failed.
        """
        if interrupted:
            self._cancel_rest(reason)
        self._store.finalize_run_if_done(self._run_id)
        if self._logger.isEnabledFor(logging.INFO):
            status = self._store.get_run(self._run_id).status
            self._logger.info(
                "DAG %r finished  run_id=%s  status=%s",
                self._dag_name,
                self._run_id,
                status,
            )
        if self._hooks.hears("on_dag_end"):
            self._hooks.emit(
                "on_dag_end", told.DagEndEvent(self._run_id, self._dag_name)
            )

    def _record_start(self, event: events.TaskStarted) -> None:
        self._mark_running(self._run_id, event.task.name)

    def _tell_start(self, event: events.TaskStarted) -> None:
        name, attempt = event.task.name, event.task.attempt
        self._logger.debug(
            "Task %r starts  run_id=%s  attempt=%d", name, self._run_id, attempt
        )
        if self._hooks.hears("on_task_start"):
            self._hooks.emit(
                "on_task_start",
                told.TaskStartEvent(self._run_id, self._dag_name, name, attempt),
            )

    def _tell_success(self, event: events.TaskCompleted) -> None:
        task = event.task
        duration = _since(task.attempt_started)
        self._logger.info(
            "Task %r succeeded  run_id=%s  attempt=%d  duration=%.3fs",
            task.name,
            self._run_id,
            task.attempt,
            duration,
        )
        self._emit_success(task, duration)

    def _on_restored(self, event: events.TaskRestored) -> None:
        """Tell of a result that this run has found in a cache, without an attempt.

        One that it was resumed with was told of by the run that made it.
        """
        task = event.task
        if task.cached:
            self._logger.info(
                "Task %r was found in the cache  run_id=%s", task.name, self._run_id
            )
            self._emit_success(task, 0.0)

    def _emit_success(self, task: Task, duration: float) -> None:
        if self._hooks.hears("on_task_success"):
            self._hooks.emit(
                "on_task_success",
                told.TaskSuccessEvent(
                    self._run_id,
                    self._dag_name,
                    task.name,
                    task.attempt,
                    duration,
                    task.current_context.storage,
                ),
            )

    def _on_failed(self, event: events.TaskFailed) -> None:
        task, failure = event.task, event.failure
        error = self._error_of(task, failure)
        if not task.attempt:  # it failed before its first one, over a cached result
            record = self._store.get_run(self._run_id).tasks[task.name]
            if record.status == "PENDING":
                self._store.mark_running(self._run_id, task.name)
        self._store.mark_failed(self._run_id, task.name, error)
        started = task.attempt_started
        self._tell_failure(task.name, task.attempt, started, error, failure.message)

    def _on_retried(self, event: events.TaskRetried) -> None:
        task = event.task
        self._on_failed(event)  # type: ignore[arg-type]  # it has the same fields
        self._store.mark_retry(self._run_id, task.name)
        following, attempts = task.attempt + 1, task.step.policy.attempts
        self._logger.info(
            "Task %r is tried again  run_id=%s  attempt=%d of %d",
            task.name,
            self._run_id,
            following,
            attempts,
        )
        if self._hooks.hears("on_task_retry"):
            self._hooks.emit(
                "on_task_retry",
                told.TaskRetryEvent(
                    self._run_id, self._dag_name, task.name, following, attempts
                ),
            )

    def _on_skipped(self, event: events.TaskSkipped) -> None:
        self._skip(event.task.name, UPSTREAM_FAILED, event.task.reason)

    def _tell_failure(
        self,
        name: str,
        attempt: int,
        started: float | None,
        error: str,
        message: str,
    ) -> None:
        self._logger.warning(
            "Task %r failed  run_id=%s  attempt=%d  error=%s",
            name,
            self._run_id,
            attempt,
            message,
        )
        self._logger.debug("Task %r failed:\n%s", name, error)
        if self._hooks.hears("on_task_failure"):
            self._hooks.emit(
                "on_task_failure",
                told.TaskFailureEvent(
                    self._run_id,
                    self._dag_name,
                    name,
                    attempt,
                    _since(started),
                    error,
                ),
            )

    def _skip(self, name: str, reason: str, why: str) -> None:
        self._store.mark_skipped(self._run_id, name, reason)
        self._logger.info(
            "Task %r is skipped  run_id=%s  reason=%s", name, self._run_id, why
        )
        if self._hooks.hears("on_task_skip"):
            self._hooks.emit(
                "on_task_skip",
                told.TaskSkipEvent(self._run_id, self._dag_name, name, reason),
            )

    def _cancel_rest(self, reason: str | None) -> None:
        """Note what the end of an interrupted run has stopped or prevented."""
        error = CANCELLED if reason is None else f"{CANCELLED}: {reason}"
        for record in list(self._store.get_run(self._run_id).tasks.values()):
            name = record.task_name
            if record.status == "RUNNING":
                self._store.mark_failed(self._run_id, name, error)
                self._tell_failure(
                    name, record.attempt, record.started_at, error, error
                )
            elif record.status == "PENDING":
                self._skip(name, CANCELLED, error)

    def _let_go(self, event: events.TaskEvent) -> None:
        """Drop results that are not retained once the last task that needs them ended."""
        name = event.task.name
        for dep in self._plan.dag.edges[name]:
            if dep in self._waiting:
                self._waiting[dep] -= 1
                self._drop_unneeded(dep)
        if name in self._waiting and event.task.outcome == TypeOutcome.COMPLETED:
            self._results[name] = event.task.current_context
            self._drop_unneeded(name)

    def _drop_unneeded(self, name: str) -> None:
        if self._waiting[name] or name not in self._results:
            return
        # The context itself is shared with the tasks downstream.
        self._results.pop(name).storage = None
        clear = getattr(self._store, "clear_result", None)
        if clear is not None:  # a store of a user's own may not know how
            clear(self._run_id, name)

    @staticmethod
    def _error_of(task: Task, failure: Failure) -> str:
        if failure.kind == TypeOutcome.TIMEOUT:
            return f"Timeout after {task.step.timeout}s"
        return failure.traceback or f"{failure.exception}: {failure.message}"


def _since(started: float | None) -> float:
    """Return the seconds since then; the clock may have been set back meanwhile."""
    return 0.0 if started is None else max(0.0, time.time() - started)
