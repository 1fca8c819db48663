"""`MappedResults`: the results of a mapped task, left in the storage."""

from __future__ import annotations

from collections.abc import Sequence

from dotflow.base.guard import guarded, has
from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.model.items import ItemKey, MapProgress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, overload

    from dotflow.abc.storage import Storage
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.model.task import TaskInstance
else:
    from dotflow.base.untyped import overload

# What stands for the results in the task's checkpoint where each item keeps its own.
SPILLED = "~items"


class MappedResults(Sequence["Any"]):
    """The results of a mapped task, read from the storage one by one when asked for.

    It equals a list of the same values, and slices of it are lists.

    Args:
        storage: Where the results are.
        base: What their keys are made from.
        count: How many there are.
    """

    __slots__ = ("_base", "_count", "_storage")

    def __init__(
        self, storage: Storage, base: TaskInstance | ItemKey, count: int
    ) -> None:
        self._storage = storage
        # Not the task: it would keep, and take to other processes, all that it knows.
        self._base = base if isinstance(base, ItemKey) else _detached(base)
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self._read(i) for i in range(self._count)[index]]
        return self._read(range(self._count)[index])

    def _read(self, index: int) -> Any:
        return self._storage.get(self._storage.key(ItemKey(self._base, index))).storage

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, MappedResults)):
            return NotImplemented
        return len(self) == len(other) and all(
            one == two for one, two in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]  # as a list's

    def __reduce__(self) -> Any:
        return (MappedResults, (self._storage, self._base, self._count))

    def __repr__(self) -> str:
        return f"<MappedResults: {self._count} items of {self._base.name!r}>"


def _detached(task: TaskInstance) -> ItemKey:
    base = ItemKey(task, -1)
    base.name, base.task_id = task.name, task.task_id
    base.checkpoint_key = task.checkpoint_key
    return base


def spilled_results(
    checkpoints: Checkpoints, task: TaskInstance, count: int
) -> MappedResults:
    """Return the results of a task whose items have checkpoints only.

    Raises:
        StorageError: These checkpoints cannot be read one by one.
    """
    if checkpoints.storage is None:
        raise StorageError(
            f"The results of the items of {task.name!r} were not spilled."
        )
    return MappedResults(checkpoints.storage, task, count)


def revived_results(
    task: TaskInstance, stored: Context, checkpoints: Checkpoints
) -> Context:
    """Read results that were spilled from where they are, and tell how many there are."""
    value = stored.storage
    spilled = type(value) is dict and list(value) == [SPILLED]
    count: int | None = None
    if spilled:
        found: int = value[SPILLED]
        count = found
        # A new context: a storage may have given out the very one that it keeps.
        stored = Context.of_task(
            spilled_results(checkpoints, task, found),
            stored.task_id or "",
            stored.workflow_id,
            stored.kept_time,
            stored.run_id,
            stored.lineage,
        )
    elif has(value, "__len__"):
        count = guarded(lambda: len(value), None)
    task.mapped = progress = MapProgress(count)
    progress.completed = progress.restored = count or 0
    return stored
