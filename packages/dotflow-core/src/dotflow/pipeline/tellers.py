"""`RunLog` and `HookTeller`: what a run tells its logger and its hooks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from dotflow.model import events
from dotflow.pipeline import hooks as told
from dotflow.pipeline.state_writer import CANCELLED, UPSTREAM_FAILED, error_of

if TYPE_CHECKING:
    from dotflow.model.task import TaskInstance
    from dotflow.pipeline.hooks import HookDispatcher
    from dotflow.pipeline.state_writer import Cancelled


class RunLog:
    """Logs a run, and what becomes of its tasks.

    Args:
        logger: Where it logs.
        run_id: The run.
        dag_name: What runs.
    """

    def __init__(self, logger: logging.Logger, run_id: str, dag_name: str) -> None:
        self._logger = logger
        self._run_id = run_id
        self._dag_name = dag_name

    def connect(self, bus: events.EventBus, name: str) -> None:
        """Listen to what the logger would write, and to nothing else."""
        heard: list[tuple[type[events.Event], int, Callable[[Any], None]]] = [
            (events.TaskStarted, logging.DEBUG, self._on_started),
            (events.TaskCompleted, logging.INFO, self._on_completed),
            (events.TaskRestored, logging.INFO, self._on_restored),
            (events.TaskFailed, logging.WARNING, self._on_failed),
            (events.TaskRetried, logging.WARNING, self._on_retried),
            (events.TaskSkipped, logging.INFO, self._on_skipped),
        ]
        enabled = self._logger.isEnabledFor
        bus.subscribe_all(
            {event: listener for event, level, listener in heard if enabled(level)},
            name,
        )

    def begin(self) -> None:
        """Tell that the run begins."""
        self._logger.info("DAG %r started  run_id=%s", self._dag_name, self._run_id)

    def end(self, status: Callable[[], str]) -> None:
        """Tell how the run ended; its status is asked for where it is told."""
        if self._logger.isEnabledFor(logging.INFO):
            self._logger.info(
                "DAG %r finished  run_id=%s  status=%s",
                self._dag_name,
                self._run_id,
                status(),
            )

    def rest_cancelled(self, rest: Iterable[Cancelled]) -> None:
        """Tell of what the end of the run has stopped or prevented."""
        for record, ran, error in rest:
            if ran:
                self._failed(record.task_name, record.attempt, error, error)
            else:
                self._skipped(record.task_name, error)

    def _on_started(self, event: events.TaskStarted) -> None:
        self._logger.debug(
            "Task %r starts  run_id=%s  attempt=%d",
            event.task.name,
            self._run_id,
            event.task.attempt,
        )

    def _on_completed(self, event: events.TaskCompleted) -> None:
        self._logger.info(
            "Task %r succeeded  run_id=%s  attempt=%d  duration=%.3fs",
            event.task.name,
            self._run_id,
            event.task.attempt,
            _since(event.task.attempt_started),
        )

    def _on_restored(self, event: events.TaskRestored) -> None:
        if event.task.cached:
            self._logger.info(
                "Task %r was found in the cache  run_id=%s",
                event.task.name,
                self._run_id,
            )

    def _on_failed(self, event: events.TaskFailed | events.TaskRetried) -> None:
        task, failure = event.task, event.failure
        self._failed(task.name, task.attempt, error_of(task, failure), failure.message)

    def _on_retried(self, event: events.TaskRetried) -> None:
        self._on_failed(event)
        self._logger.info(
            "Task %r is tried again  run_id=%s  attempt=%d of %d",
            event.task.name,
            self._run_id,
            event.task.attempt + 1,
            event.task.step.policy.attempts,
        )

    def _on_skipped(self, event: events.TaskSkipped) -> None:
        self._skipped(event.task.name, event.task.reason)

    def _failed(self, name: str, attempt: int, error: str, message: str) -> None:
        self._logger.warning(
            "Task %r failed  run_id=%s  attempt=%d  error=%s",
            name,
            self._run_id,
            attempt,
            message,
        )
        self._logger.debug("Task %r failed:\n%s", name, error)

    def _skipped(self, name: str, why: str) -> None:
        self._logger.info(
            "Task %r is skipped  run_id=%s  reason=%s", name, self._run_id, why
        )


class HookTeller:
    """Makes the events that hooks hear.

    Args:
        hooks: The hooks.
        run_id: The run.
        dag_name: What runs.
    """

    def __init__(self, hooks: HookDispatcher, run_id: str, dag_name: str) -> None:
        self._hooks = hooks
        self._of = (run_id, dag_name)

    def connect(self, bus: events.EventBus, name: str) -> None:
        """Listen to what a hook hears, and to nothing else."""
        heard: list[tuple[type[events.Event], str, Callable[[Any], None]]] = [
            (events.TaskStarted, "on_task_start", self._on_started),
            (events.TaskCompleted, "on_task_success", self._on_completed),
            (events.TaskRestored, "on_task_success", self._on_restored),
            (events.TaskFailed, "on_task_failure", self._on_failed),
            (events.TaskRetried, "on_task_failure", self._on_failed),
            (events.TaskRetried, "on_task_retry", self._on_retried),
            (events.TaskSkipped, "on_task_skip", self._on_skipped),
        ]
        for event, method, listener in heard:
            if self._hooks.hears(method):
                bus.subscribe(event, listener, name)

    def begin(self) -> None:
        """Tell that the run begins."""
        self._hooks.emit("on_dag_start", told.DagStartEvent(*self._of))

    def end(self, status: Callable[[], str]) -> None:
        """Tell that the run has ended."""
        self._hooks.emit("on_dag_end", told.DagEndEvent(*self._of))

    def rest_cancelled(self, rest: Iterable[Cancelled]) -> None:
        """Tell of what the end of the run has stopped or prevented."""
        for record, ran, error in rest:
            if ran:
                self._failed(record.task_name, record.attempt, record.started_at, error)
            else:
                self._skipped(record.task_name, CANCELLED)

    def _on_started(self, event: events.TaskStarted) -> None:
        task = event.task
        self._hooks.emit(
            "on_task_start", told.TaskStartEvent(*self._of, task.name, task.attempt)
        )

    def _on_completed(self, event: events.TaskCompleted) -> None:
        self._succeeded(event.task, _since(event.task.attempt_started))

    def _on_restored(self, event: events.TaskRestored) -> None:
        """Tell of a result that this run has found in a cache, without an attempt.

        One that it was resumed with was told of by the run that made it.
        """
        if event.task.cached:
            self._succeeded(event.task, 0.0)

    def _succeeded(self, task: TaskInstance, duration: float) -> None:
        result: Any = task.current_context.storage
        made = told.TaskSuccessEvent(
            *self._of, task.name, task.attempt, duration, result
        )
        self._hooks.emit("on_task_success", made)

    def _on_failed(self, event: events.TaskFailed | events.TaskRetried) -> None:
        task, error = event.task, error_of(event.task, event.failure)
        self._failed(task.name, task.attempt, task.attempt_started, error)

    def _on_retried(self, event: events.TaskRetried) -> None:
        name, following = event.task.name, event.task.attempt + 1
        attempts = event.task.step.policy.attempts
        self._hooks.emit(
            "on_task_retry", told.TaskRetryEvent(*self._of, name, following, attempts)
        )

    def _on_skipped(self, event: events.TaskSkipped) -> None:
        self._skipped(event.task.name, UPSTREAM_FAILED)

    def _failed(
        self, name: str, attempt: int, started: float | None, error: str
    ) -> None:
        made = told.TaskFailureEvent(*self._of, name, attempt, _since(started), error)
        self._hooks.emit("on_task_failure", made)

    def _skipped(self, name: str, reason: str) -> None:
        self._hooks.emit("on_task_skip", told.TaskSkipEvent(*self._of, name, reason))


def _since(started: float | None) -> float:
    """Return the seconds since then; the clock may have been set back meanwhile."""
    return 0.0 if started is None else max(0.0, time.time() - started)
