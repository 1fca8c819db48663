"""Ends a task that stands for a whole workflow inside another one."""

from __future__ import annotations

import time

from dotflow.engine.expanded import Expanded
from dotflow.engine.parts import earliest
from dotflow.model import events
from dotflow.model.outcome import Outcome
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds


class EndedParts(Expanded):
    """A sub-workflow whose tasks have all completed.

    Args:
        state, ends, checkpoints: As of a `Loop`.
        node: The place of the task that stands for it.
    """

    __slots__ = ("_checkpoints", "_ends", "_node", "_state")

    def __init__(
        self, state: RunState, ends: TaskEnds, checkpoints: Checkpoints, node: int
    ) -> None:
        self._state = state
        self._ends = ends
        self._checkpoints = checkpoints
        self._node = node

    def advance(self) -> None:
        """Complete the task with the results of the last ones inside."""
        state, node = self._state, self._node
        tasks = state.tasks
        task = tasks[node]
        task.attempt = 1
        task.status = TypeStatus.IN_PROGRESS
        task.attempt_started = task.started = earliest(task, tasks)
        state.bus.emit(events.TaskStarted(task))
        last = [tasks[up] for up in state.graph.upstream[node]]
        value: Any = last[0].current_context
        if len(last) > 1:
            begin = len(task.name) + 1
            value = {end.name[begin:]: end.current_context.storage for end in last}
        outcome = Outcome(node, value, None, time.time())
        failure = self._checkpoints.keep(task, outcome)
        if failure is None:
            state.complete(node, task)
        else:
            self._ends.fail(node, task, failure, outcome.finished)

    def settle(self, outcome: Outcome) -> None:
        """Do nothing: it has no attempts."""

    def wake(self) -> None:
        """Do nothing: it never waits."""

    def close(self) -> None:
        """Do nothing: it holds nothing."""
