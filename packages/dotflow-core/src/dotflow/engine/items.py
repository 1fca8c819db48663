"""The items of a mapped task: their place in the graph, their keys, their results."""

from __future__ import annotations

from collections.abc import Sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, overload
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.core.context import Context
    from dotflow.core.task import Task
else:
    from dotflow.core.untyped import overload

# A map may have a million failures, and each would be kept with its traceback: in the
# task's errors, in reports and in a history.
MAX_ERRORS = 100


class ItemNode(int):
    """The node of a mapped task, for one of its items.

    To executors it is the number of the node, so none of them has to know of items: the
    outcome of an attempt brings it back, from another process as well.

    Args:
        node: The task's place in the graph.
        index: The item's place among the items, from 0.
    """

    index: int

    def __new__(cls, node: int, index: int) -> ItemNode:
        """Return the node with the index."""
        self = super().__new__(cls, node)
        self.index = index
        return self

    def __reduce__(self) -> Any:
        return (ItemNode, (int(self), self.index))


class Item:
    """One item while it is in flight or waits for another attempt.

    Args:
        index: Its place, from 0.
        previous: The context whose value it is.
        named: Values for the step's parameters, by name.
    """

    __slots__ = ("attempt", "index", "named", "previous", "started")

    def __init__(self, index: int, previous: Context, named: dict[str, Any]) -> None:
        self.index = index
        self.previous = previous
        self.named = named
        self.attempt = 0
        self.started = 0.0


class ItemKey:
    """What a storage makes the key of an item's checkpoint from, in place of the task.

    The key is the task's and `~<index>`: the same in every process, and no task's own,
    since no quoted name has a `~`.

    Args:
        task: The mapped task.
        index: The item's place.
    """

    __slots__ = ("checkpoint_key", "index", "name", "task_id", "workflow_id")

    def __init__(self, task: Task | ItemKey, index: int) -> None:
        self.index = index
        self.name: str = f"{task.name}[{index}]"
        self.checkpoint_key: str = f"{task.checkpoint_key}~{index}"
        self.task_id: str = f"{task.task_id}~{index}"
        self.workflow_id: UUID | str | None = task.workflow_id


# The counts of a `MapProgress` in the order in which they are told.
COUNTS = ("completed", "failed", "restored", "retried", "total")


class MapProgress:
    """How far a mapped task is.

    Attributes:
        total: How many items there are; None until the last one was taken.
        completed: How many have a result, those of an earlier run included.
        restored: How many of these were found in the storage or the cache.
        failed: How many have failed for good.
        retried: How many attempts were followed by another.
    """

    __slots__ = COUNTS

    def __init__(self, total: int | None = None) -> None:
        self.total = total
        self.completed = self.restored = self.failed = self.retried = 0

    def to_dict(self) -> dict[str, int | None]:
        """Return the counts by name."""
        return {name: getattr(self, name) for name in COUNTS}

    def __repr__(self) -> str:
        of = "?" if self.total is None else self.total
        return f"<MapProgress {self.completed} of {of}, {self.failed} failed>"


class MappedResults(Sequence["Any"]):
    """The results of a mapped task, read from the storage one by one when asked for.

    It equals a list of the same values, and slices of it are lists.

    Args:
        storage: Where the results are.
        base: What their keys are made from.
        count: How many there are.
    """

    __slots__ = ("_base", "_count", "_storage")

    def __init__(self, storage: Storage, base: Task | ItemKey, count: int) -> None:
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


def _detached(task: Task) -> ItemKey:
    base = ItemKey(task, -1)
    base.name, base.task_id = task.name, task.task_id
    base.checkpoint_key = task.checkpoint_key
    return base
