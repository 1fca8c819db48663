"""Ends a task that stands for a whole workflow inside another one."""

from __future__ import annotations

import time

from dotflow.engine.expanded import Expanded
from dotflow.model import events
from dotflow.model.expansion import is_whole
from dotflow.model.outcome import Failure, Outcome
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from dotflow.engine.loop import Engine
    from dotflow.model.task import Task


def failure_within(task: Task, tasks: Sequence[Task]) -> Failure | None:
    """Return why a sub-workflow has failed: as the first of its tasks that failed."""
    for part in _parts(task, tasks):
        if part.status == TypeStatus.FAILED and not is_whole(part):
            task.started = _earliest(task, tasks)
            return failure_of_part(part)
    return None


def cancelled_within(task: Task, tasks: Sequence[Task]) -> bool:
    """Say whether one of the tasks of a sub-workflow was cancelled."""
    return task.status == TypeStatus.NOT_STARTED and any(
        part.status == TypeStatus.CANCELLED for part in _parts(task, tasks)
    )


class EndedParts(Expanded):
    """A sub-workflow whose tasks have all completed.

    Args:
        engine: The engine that runs it.
        node: The place of the task that stands for it.
    """

    __slots__ = ("_engine", "_node")

    def __init__(self, engine: Engine, node: int) -> None:
        self._engine = engine
        self._node = node

    def advance(self) -> None:
        """Complete the task with the results of the last ones inside."""
        engine, node = self._engine, self._node
        tasks = engine.tasks
        task = tasks[node]
        task.attempt = 1
        task.status = TypeStatus.IN_PROGRESS
        task.attempt_started = task.started = _earliest(task, tasks)
        engine.bus.emit(events.TaskStarted(task))
        last = [tasks[up] for up in engine.graph.upstream[node]]
        value: Any = last[0].current_context
        if len(last) > 1:
            begin = len(task.name) + 1
            value = {end.name[begin:]: end.current_context.storage for end in last}
        outcome = Outcome(node, value, None, time.time())
        failure = engine.kept.keep(task, outcome)
        if failure is None:
            engine.complete(node, task)
        else:
            engine.ends.fail(node, task, failure, outcome.finished)

    def settle(self, outcome: Outcome) -> None:
        """Do nothing: it has no attempts."""

    def wake(self) -> None:
        """Do nothing: it never waits."""

    def close(self) -> None:
        """Do nothing: it holds nothing."""


def _parts(task: Task, tasks: Sequence[Task]) -> Iterator[Task]:
    inside = f"{task.name}/"
    return (
        part
        for part in tasks
        if part.parent is not None and part.name.startswith(inside)
    )


def failure_of_part(part: Task) -> Failure:
    """Return what a task that has failed in a sub-workflow makes that fail with."""
    return Failure(
        part.outcome or TypeOutcome.FAILED,
        part.errors[-1].exception if part.errors else "",
        f"task '{part.name}' of the sub-workflow failed: {part.reason}",
        part.errors[-1].traceback if part.errors else "",
    )


def _earliest(task: Task, tasks: Sequence[Task]) -> float:
    begun = [p.started for p in _parts(task, tasks) if p.started is not None]
    return min(begun, default=time.time())
