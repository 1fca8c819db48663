"""`TaskEnds`: attempts that failed, and how tasks end that do not complete."""

from __future__ import annotations

import time

from dotflow.base.guard import error_name, told
from dotflow.model import events
from dotflow.model.outcome import Failure
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from dotflow.engine.run_state import RunState
    from dotflow.model.task import TaskInstance

_now = time.time


class TaskEnds:
    """Retries, fails, skips and cancels tasks, and tells what is after them.

    Args:
        state: Where the run stands.
    """

    __slots__ = ("_state",)

    def __init__(self, state: RunState) -> None:
        self._state = state

    def retry(
        self, node: int, task: TaskInstance, failure: Failure, finished: float
    ) -> None:
        """Have another attempt follow one that failed."""
        state = self._state
        delay = task.step.policy.delay_after(task.attempt)
        _note_error(task, failure, finished)
        task.retry_count += 1
        task.status = TypeStatus.RETRY
        # Told before it waits: a kill meanwhile leaves the retry in the history.
        state.bus.emit(events.TaskRetried(task, failure, delay))
        state.delay(node, delay)

    def fail(
        self,
        node: int,
        task: TaskInstance,
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
        state = self._state
        if not noted:
            _note_error(task, failure, finished)
        _end(task, TypeStatus.FAILED, failure, finished)
        state.bus.emit(events.TaskFailed(task, failure))
        state.call_back(task)
        if state.graph.explicit and not state.keep_going:
            state.halted = True  # other branches would begin; in a chain there are none
        skipped = self._pass_on(node)
        if skipped:
            self._skip(skipped, f"upstream task '{task.name}' failed")

    def _pass_on(self, node: int) -> list[int]:
        """Release what comes after a task anyway, and return what depends on it."""
        state = self._state
        dependent = []
        for below in state.graph.downstream[node]:
            if state.tasks[below].depends_on is not None:
                dependent.append(below)
            elif state.keep_going:
                state.release((below,))
        return dependent

    def _skip(self, nodes: list[int], reason: str) -> None:
        """Mark tasks, and all that explicitly depends on them, as never to run."""
        state = self._state
        pending = nodes[::-1]  # a stack: the first of them is told of first
        while pending:
            node = pending.pop()
            task = state.tasks[node]
            if task.status != TypeStatus.NOT_STARTED:
                continue
            if task.expansion is not None:
                from dotflow.engine.parts import failure_within

                failure = failure_within(task, state.tasks)
                if failure is not None:
                    state.bus.emit(events.TaskStarted(task))
                    self.fail(node, task, failure, _now())
                    continue
            task.status = TypeStatus.SKIPPED
            task.outcome = TypeOutcome.SKIPPED
            task.reason = reason
            state.bus.emit(events.TaskSkipped(task))
            pending.extend(self._pass_on(node))

    def stop(self, task: TaskInstance, failure: Failure, finished: float) -> NoReturn:
        """End the whole run: a task was interrupted, or asked for the program's end.

        Raises:
            BaseException: What interrupted the task.
        """
        self._note_stopped(task, failure, finished)
        raise failure.error if failure.error is not None else KeyboardInterrupt

    def cancel_running(
        self, error: BaseException, kind: str = TypeOutcome.CANCELLED
    ) -> bool:
        """Mark what was in flight, or waited for another attempt, as cancelled.

        Args:
            error: What has ended the run.
            kind: What became of it, a `TypeOutcome`.

        Returns:
            Whether there was anything.
        """
        state, found = self._state, False
        # First of all: a source that goes on would give items to tasks marked as ended.
        for expanded in state.expanded.values():
            expanded.close()
        for task in state.tasks:
            running = task.status in (TypeStatus.IN_PROGRESS, TypeStatus.RETRY)
            if not running and task.expansion is not None:
                from dotflow.engine.parts import cancelled_within

                running = cancelled_within(task, state.tasks)
            if running:
                reason = state.control.reason
                # What tables show of it, its beginning, is to hold the reason.
                why = " while the task was running" if reason is None else f": {reason}"
                if kind == TypeOutcome.CRASHED:
                    why = f": its event loop broke ({told(error)})"
                failure = Failure(
                    kind,
                    error_name(error),
                    f"The run was ended{why}.",
                )
                self._note_stopped(task, failure, _now())
                found = True
        return found

    def _note_stopped(
        self, task: TaskInstance, failure: Failure, finished: float
    ) -> None:
        _note_error(task, failure, finished)
        cancelled = failure.kind == TypeOutcome.CANCELLED
        status = TypeStatus.CANCELLED if cancelled else TypeStatus.FAILED
        _end(task, status, failure, finished)
        event = events.TaskCancelled if cancelled else events.TaskFailed
        self._state.bus.emit(event(task, failure))
        self._state.call_back(task)


def _note_error(task: TaskInstance, failure: Failure, finished: float) -> None:
    """Note in the errors of a task why its attempt failed."""
    from dotflow.model.task_error import TaskError

    error = TaskError.from_failure(failure, task.attempt)
    error.started, error.finished = task.attempt_started, finished
    task.errors.append(error)


def _end(task: TaskInstance, status: str, failure: Failure, finished: float) -> None:
    task.status = status
    task.outcome = failure.kind
    task.reason = failure.message
    task.finished = finished
