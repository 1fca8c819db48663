"""Ends a task that stands for a whole workflow inside another one."""

from __future__ import annotations

import time
from operator import attrgetter

from dotflow.engine.expanded import Expanded
from dotflow.engine.parts import earliest
from dotflow.model import events
from dotflow.model.held import Held, HeldParts
from dotflow.model.outcome import Outcome
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds

_value = attrgetter("storage")


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
        # What must be stored here is brought here; else it stays where it is.
        read = state.value_of if self._checkpoints.keeps_objects else _value
        values = [read(end.current_context) for end in last]
        value = values[0]
        if len(last) > 1:
            begin = len(task.name) + 1
            value = dict(zip((end.name[begin:] for end in last), values, strict=True))
            if any(issubclass(type(one), Held) for one in values):
                value = HeldParts(value)
        outcome = Outcome(node, value, None, time.time())
        failure = state.keep(task, outcome)
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
