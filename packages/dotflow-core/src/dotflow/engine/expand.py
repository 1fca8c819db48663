"""Runs tasks that are more than one attempt; the one place that knows all their kinds."""

from __future__ import annotations

from dotflow.engine import sub_workflow
from dotflow.model.expansion import MapOver, is_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.engine.expanded import Expanded
    from dotflow.engine.loop import Engine
    from dotflow.model.checkpoints import Checkpoints
    from dotflow.model.context import Context
    from dotflow.model.expansion import Expansion
    from dotflow.model.outcome import Failure
    from dotflow.model.task import Task


def begin(engine: Engine, node: int, expansion: Expansion) -> Expanded:
    """Begin to run such a task; its upstream has completed."""
    if isinstance(expansion, MapOver):
        from dotflow.engine.maps.mapped_task import MappedTask

        return MappedTask(engine, node, expansion)
    return sub_workflow.EndedParts(engine, node)


def revive(task: Task, stored: Context, checkpoints: Checkpoints) -> Context:
    """Return the result of such a task, given what its checkpoint holds."""
    if not isinstance(task.expansion, MapOver):
        return stored
    from dotflow.engine.maps.mapped_results import revived_results

    return revived_results(task, stored, checkpoints)


def failure_within(task: Task, tasks: Sequence[Task]) -> Failure | None:
    """Return why such a task has failed, when one upstream of it did not run."""
    return sub_workflow.failure_within(task, tasks) if is_whole(task) else None


def cancelled_within(task: Task, tasks: Sequence[Task]) -> bool:
    """Say whether a part of such a task was cancelled."""
    return is_whole(task) and sub_workflow.cancelled_within(task, tasks)
