"""What the tasks within a sub-workflow came to, for the task that stands for it."""

from __future__ import annotations

import time

from dotflow.model.expansion import is_whole
from dotflow.model.outcome import Failure
from dotflow.model.task_error import TaskError
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dotflow.model.task import TaskInstance


def failure_within(task: TaskInstance, tasks: Sequence[TaskInstance]) -> Failure | None:
    """Return why a sub-workflow has failed: as the first of its tasks that failed.

    None for any other task.
    """
    if not is_whole(task.expansion):
        return None
    for part in _parts(task, tasks):
        if part.status == TypeStatus.FAILED and not is_whole(part.expansion):
            task.started = earliest(task, tasks)
            return failure_of_part(part)
    return None


def cancelled_within(task: TaskInstance, tasks: Sequence[TaskInstance]) -> bool:
    """Say whether one of the tasks of a sub-workflow was cancelled."""
    if not is_whole(task.expansion) or task.status != TypeStatus.NOT_STARTED:
        return False
    return any(part.status == TypeStatus.CANCELLED for part in _parts(task, tasks))


def _parts(task: TaskInstance, tasks: Sequence[TaskInstance]) -> Iterator[TaskInstance]:
    inside = f"{task.name}/"
    return (
        part
        for part in tasks
        if part.parent is not None and part.name.startswith(inside)
    )


def failure_of_part(part: TaskInstance) -> Failure:
    """Return what a task that has failed in a sub-workflow makes that fail with."""
    error = part.errors[-1] if part.errors else TaskError()
    failure = Failure(
        part.outcome or TypeOutcome.FAILED,
        error.exception,
        f"task '{part.name}' of the sub-workflow failed: {part.reason}",
        error.traceback,
    )
    failure.exit_code = error.exit_code
    return failure


def earliest(task: TaskInstance, tasks: Sequence[TaskInstance]) -> float:
    """Return when the first task of a sub-workflow began, in seconds since the epoch."""
    begun = [p.started for p in _parts(task, tasks) if p.started is not None]
    return min(begun, default=time.time())
