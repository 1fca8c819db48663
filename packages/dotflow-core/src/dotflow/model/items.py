"""The items of a mapped task: their place in the graph, their keys, their results."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol
    from uuid import UUID

    from dotflow.model.context import Context

    class Keyed(Protocol):
        """What a storage makes a key from: a task, or an item of one."""

        name: str
        checkpoint_key: str
        task_id: str
        workflow_id: UUID | str | None


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
        self = int.__new__(cls, node)  # without `super`, for a million items
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

    def __init__(self, task: Keyed, index: int) -> None:
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
