"""`ItemSource`: the items of a mapped task, one when it is asked for."""

from __future__ import annotations

from dotflow.model.action import Action
from dotflow.model.context import Context
from dotflow.model.items import Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dotflow.model.task import TaskInstance


class ItemSource:
    """Makes items of what an iterator gives, with all that the step asks for.

    Args:
        task: The mapped task.
        name: What the step may call an item, beside `item`.
        source: The context whose value the items are of.
        named: What further tasks upstream give by name.
        place: Makes room for the result of one more item, and returns its index.
        values: The iterator; a subclass may have its items from elsewhere.

    Attributes:
        pending: Whether the next item is on its way, and cannot be asked for again.
        total: How many items there are; None where that is not known.
    """

    __slots__ = (
        "_item_names",
        "_named",
        "_place",
        "_source",
        "_values",
        "_wants_index",
        "pending",
        "total",
    )

    def __init__(
        self,
        task: TaskInstance,
        name: str,
        source: Context,
        named: dict[str, Any],
        place: Callable[[], int],
        values: Iterator[Any],
    ) -> None:
        self._source = source
        self._place = place
        self._values = values
        self._named = named
        self._item_names: tuple[str, ...] = (name, "item")
        self._wants_index = True
        self.pending = False
        self.total: int | None = None
        if type(task.step) is Action:  # it tells what it takes of all these
            wanted = task.step.injects
            self._named = {k: named[k] for k in named if k in wanted}
            self._item_names = tuple(n for n in self._item_names if n in wanted)
            self._wants_index = "index" in wanted

    def take(self) -> Item | None:
        """Return the next item; None where it is not there yet.

        Raises:
            StopIteration: There are no more.
            Exception: Whatever a generator of the user's raises.
        """
        value = next(self._values)
        index = self._place()
        if isinstance(value, Context):
            value = value.storage
        named = self._named.copy()
        for name in self._item_names:
            named[name] = value
        if self._wants_index:
            named["index"] = index
        source = self._source
        previous = Context.of_task(
            value,
            source.task_id or "",
            source.workflow_id,
            source.kept_time,
            source.run_id,
        )
        return Item(index, previous, named)

    def close(self) -> None:
        """Let go of the items that are left."""
        self._values = iter(())
