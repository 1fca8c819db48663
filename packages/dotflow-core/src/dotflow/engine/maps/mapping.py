"""`Mapping`: a task whose step runs once for each item that its upstream returned."""

from __future__ import annotations

from dotflow.engine.expansion import Expansion
from dotflow.engine.maps.item_results import SPILLED
from dotflow.engine.maps.mapped_results import MappedResults
from dotflow.model.context import Context
from dotflow.model.items import MapProgress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.loop import Engine
    from dotflow.engine.maps.mapped_task import MappedTask
    from dotflow.model.task import Task


class Mapping(Expansion):
    """Runs the step of a task once for each item.

    Args:
        over: The name of the task upstream that returns the items.
        spill: Whether the results stay in the storage, to be read from there.
    """

    __slots__ = ("over", "spill")

    def __init__(self, over: str, spill: bool = False) -> None:
        self.over = over
        self.spill = spill

    def open(self, engine: Engine, node: int) -> MappedTask:
        """Begin to map; see `Expansion.open`."""
        from dotflow.engine.maps.mapped_task import MappedTask

        return MappedTask(engine, node, self)

    def within(self, parent: str) -> Mapping:
        """Return the same as a part of a sub-workflow; see `Expansion.within`."""
        return Mapping(f"{parent}/{self.over}", self.spill)

    def revive(self, task: Task, stored: Context, checkpoints: Checkpoints) -> Context:
        """Read results that were spilled from where they are; see `Expansion.revive`."""
        value = stored.storage
        spilled = isinstance(value, dict) and list(value) == [SPILLED]
        count: int | None = None
        if spilled:
            found: int = value[SPILLED]
            count = found
            # A new context: a storage may have given out the very one that it keeps.
            stored = Context.of_task(
                MappedResults(checkpoints.storage, task, found),
                stored.task_id or "",
                stored.workflow_id,
                stored._time,  # type: ignore[arg-type]  # either form of a time will do
                stored.run_id,
            )
        elif hasattr(value, "__len__"):
            count = len(value)
        task.mapped = progress = MapProgress(count)
        progress.completed = progress.restored = count or 0
        return stored
