"""`TaskEnds`: attempts that failed, and how tasks end that do not complete."""

from __future__ import annotations

import time

from dotflow.model import events
from dotflow.model.outcome import Failure
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from dotflow.engine.loop import Engine
    from dotflow.model.task import Task

_now = time.time


class TaskEnds:
    """Retries, fails, skips and cancels tasks, and tells what is after them.

    Args:
        engine: The engine that runs the tasks.
    """

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def retry(self, node: int, task: Task, failure: Failure, finished: float) -> None:
        """Have another attempt follow one that failed."""
        engine = self._engine
        delay = task.step.policy.delay_after(task.attempt)
        note_error(task, failure, finished)
        task.retry_count += 1
        task.status = TypeStatus.RETRY
        engine.bus.emit(events.TaskRetried(task, failure, delay))
        engine.delay(node, delay)

    def fail(
        self,
        node: int,
        task: Task,
        failure: Failure,
        finished: float,
        noted: bool = False,
    ) -> None:
        """End a task that has failed.

        Args:
            node: Its place in the graph.
            task: The task.
            failure: Why it has failed.
            finished: When it ended, in seconds since the epoch.
            noted: Whether its errors tell of it already.
        """
        engine = self._engine
        if not noted:
            note_error(task, failure, finished)
        _end(task, TypeStatus.FAILED, failure, finished)
        engine.bus.emit(events.TaskFailed(task, failure))
        self.call_back(task)
        if engine.graph.explicit and not engine.keep_going:
            engine.halted = True
        skipped = self._pass_on(node)
        if skipped:
            self._skip(skipped, f"upstream task '{task.name}' failed")

    def _pass_on(self, node: int) -> list[int]:
        """Release what comes after a task anyway, and return what depends on it."""
        engine = self._engine
        dependent = []
        for below in engine.graph.downstream[node]:
            if engine.tasks[below].depends_on is not None:
                dependent.append(below)
            elif engine.keep_going:
                engine.release((below,))
        return dependent

    def _skip(self, nodes: list[int], reason: str) -> None:
        """Mark tasks, and all that explicitly depends on them, as never to run."""
        engine = self._engine
        pending = nodes[::-1]
        while pending:
            node = pending.pop()
            task = engine.tasks[node]
            if task.status != TypeStatus.NOT_STARTED:
                continue
            if task.expansion is not None:
                from dotflow.engine.expand import failure_within

                failure = failure_within(task, engine.tasks)
                if failure is not None:
                    engine.bus.emit(events.TaskStarted(task))
                    self.fail(node, task, failure, _now())
                    continue
            task.status = TypeStatus.SKIPPED
            task.outcome = TypeOutcome.SKIPPED
            task.reason = reason
            engine.bus.emit(events.TaskSkipped(task))
            pending.extend(self._pass_on(node))

    def stop(self, task: Task, failure: Failure, finished: float) -> NoReturn:
        """End the whole run: a task was interrupted, or asked for the program's end.

        Raises:
            BaseException: What interrupted the task.
        """
        self._note_stopped(task, failure, finished)
        raise failure.error if failure.error is not None else KeyboardInterrupt

    def cancel_running(self, error: BaseException) -> None:
        """Mark what was in flight, or waited for another attempt, as cancelled.

        Args:
            error: What has ended the run.
        """
        engine = self._engine
        for expanded in engine.expanded.values():
            expanded.close()
        for task in engine.tasks:
            running = task.status in (TypeStatus.IN_PROGRESS, TypeStatus.RETRY)
            if not running and task.expansion is not None:
                from dotflow.engine.expand import cancelled_within

                running = cancelled_within(task, engine.tasks)
            if running:
                reason = engine.control.reason
                why = "" if reason is None else f": {reason}"
                failure = Failure(
                    TypeOutcome.CANCELLED,
                    type(error).__name__,
                    f"The run was ended while the task was running{why}.",
                )
                self._note_stopped(task, failure, _now())

    def _note_stopped(self, task: Task, failure: Failure, finished: float) -> None:
        note_error(task, failure, finished)
        cancelled = failure.kind == TypeOutcome.CANCELLED
        status = TypeStatus.CANCELLED if cancelled else TypeStatus.FAILED
        _end(task, status, failure, finished)
        event = events.TaskCancelled if cancelled else events.TaskFailed
        self._engine.bus.emit(event(task, failure))
        self.call_back(task)

    def call_back(self, task: Task) -> None:
        """Call what the user wants called when the task has ended."""
        callback: Callable[..., Any] = task.callback
        try:
            callback(task=task)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self._engine.bus.report(f"The callback of task '{task.name}'", error)


def note_error(task: Task, failure: Failure, finished: float) -> None:
    """Note in the errors of a task why its attempt failed."""
    from dotflow.model.task import TaskError

    error = TaskError.from_failure(failure, task.attempt)
    error.started, error.finished = task.attempt_started, finished
    task.errors.append(error)


def note_duration(task: Task) -> None:
    """Note how long a task took, from its first attempt to its end."""
    if task.started is not None and task.finished is not None:
        duration = task.finished - task.started
        # The clock may have been set back meanwhile.
        task.duration = duration if duration > 0 else 0.0


def _end(task: Task, status: str, failure: Failure, finished: float) -> None:
    task.status = status
    task.outcome = failure.kind
    task.reason = failure.message
    task.finished = finished
    note_duration(task)
