"""`StraightWay`: runs steps right here, one after the other, while nothing is to be decided.

Most tasks of a run in one thread have no limit, timeout or cache, are stored where that
cannot fail, and are given nothing that they could change in place. Going through what the
loop does for all others would double what they cost.
"""

from __future__ import annotations

import time
from contextvars import copy_context

from dotflow.engine.attempt import (
    failed_attempt,
    forks,
    leave_child,
    run_step,
)
from dotflow.engine.control import RunCancelled
from dotflow.model import events
from dotflow.model.context import Context
from dotflow.model.task import Attempt
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.engine.run_state import RunState
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import TaskInstance

_now = time.time
_IN_PROGRESS = TypeStatus.IN_PROGRESS


class StraightWay:
    """Runs the tasks at the head of what is ready, up to one that needs the loop.

    Args:
        state: Where the run stands.
        put: Stores a result by its key, which cannot fail.
        settle: What takes note of a failed attempt.
    """

    def __init__(
        self,
        state: RunState,
        put: Callable[[str, Context], None],
        settle: Callable[[Outcome], None],
    ) -> None:
        self._state = state
        self._put = put
        self._settle = settle
        self._tell_started = state.bus.teller(events.TaskStarted)

    def run(self) -> bool:
        """Run what is ready, for as long as that goes straight on.

        Returns:
            Whether anything has run.
        """
        state, tell_started = self._state, self._tell_started
        ready, tasks, control = state.ready, state.tasks, state.control
        upstream, ran = state.graph.upstream, False
        while ready and control.reason is None and not state.halted:
            node = ready[0]
            task = tasks[node]
            before = tasks[upstream[node][0]].current if upstream[node] else None
            if before is None or not _goes_straight(task, before):
                break
            ready.popleft()
            ran = True
            task.previous = before
            task.attempt = 1
            task.status = _IN_PROGRESS
            task.started = task.attempt_started = _now()
            if tell_started is not None:
                tell_started(task)
                if control.reason is not None:  # whoever was told may have cancelled it
                    control.check()
            self._attempt(node, task, before)
        return ran

    def _attempt(self, node: int, task: TaskInstance, before: Context) -> None:
        step, forked, failed = task.step, forks[0], None
        given = _lent(before) if step.wants_previous else before
        try:
            value = run_step(copy_context(), task, given)
        except RunCancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - a step may raise anything
            value, failed = None, failed_attempt(Attempt(node, task, 1, given), error)
        if forks[0] != forked:
            leave_child(None if failed is None else failed.failure)
        if failed is not None:
            self._settle(failed)
            return
        task.finished = _now()
        context = Context.of_task(value, task.task_id, task.workflow_id, task.finished)
        self._put(task.checkpoint_key, context)
        task.current = context
        self._state.complete(node, task)


def _goes_straight(task: TaskInstance, before: Context) -> bool:
    """Say whether a task is one attempt that takes nothing but a value without parts."""
    step = task.step
    if step.timeout or step.guarded or task.attempt:
        return False
    return step.bare or (step.takes_previous and _stays(before))


def _stays(before: Context) -> bool:
    from dotflow.model.own import changes

    return not changes(before.storage)


def _lent(before: Context) -> Context:
    from dotflow.model.own import shell

    return shell(before)
