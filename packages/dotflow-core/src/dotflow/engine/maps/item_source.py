"""`ItemSource`: the items of a mapped task, one when it is asked for."""

from __future__ import annotations

from contextvars import copy_context
from typing import NamedTuple

from dotflow.engine.attempt import forks, leave_child
from dotflow.model.action import Action
from dotflow.model.context import Context
from dotflow.model.items import Item
from dotflow.model.own import SMALL, Snapshot, changes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dotflow.model.task import TaskInstance


class Mapped(NamedTuple):
    """What items are made with, wherever their values come from.

    Attributes:
        task: The mapped task.
        name: What the step may call an item, beside `item`.
        source: The context whose value the items are of.
        named: What further tasks upstream give by name.
        place: Makes room for the result of one more item, and returns its index.
    """

    task: TaskInstance
    name: str
    source: Context
    named: dict[str, Any]
    place: Callable[[], int]


class ItemSource:
    """Makes items of what an iterator gives, with all that the step asks for.

    Args:
        mapped: What they are made with.
        values: The iterator; a subclass may have its items from elsewhere.

    Attributes:
        beside: The names of what every item gets that could be changed in place.
        pending: Whether the next item is on its way, and cannot be asked for again.
        shared: Whether the items are in a result that others have, too.
        total: How many items there are; None where that is not known.
    """

    __slots__ = (
        "_item_names",
        "_named",
        "_place",
        "_run",
        "_source",
        "_values",
        "_wants_index",
        "beside",
        "pending",
        "shared",
        "total",
    )

    def __init__(self, mapped: Mapped, values: Iterator[Any]) -> None:
        task, name, source, named, place = mapped
        self._source = source
        self._place = place
        # What a generator sets context variables to stays with it.
        self._run = copy_context().run
        self._values = values
        self._named = named
        self._item_names: tuple[str, ...] = (name, "item")
        self._wants_index = True
        self.pending = False
        self.shared = True
        self.total: int | None = None
        if type(task.step) is Action:  # it tells what it takes of all these
            wanted = task.step.injects
            self._named = {k: named[k] for k in named if k in wanted}
            self._item_names = tuple(n for n in self._item_names if n in wanted)
            self._wants_index = "index" in wanted
        beside = self._named.keys() - set(self._item_names)
        self.beside = tuple(n for n in beside if changes(self._named[n]))

    def large_beside(self) -> dict[str, Any]:
        """Return what every item gets that could be changed, and has no copy each."""
        found = {}
        for name in self.beside:
            kept = Snapshot.of(self._named[name], SMALL)
            if kept is None or not kept.whole:
                found[name] = self._named[name]
        return found

    def take(self) -> Item | None:
        """Return the next item; None where it is not there yet.

        Raises:
            StopIteration: There are no more.
            Exception: Whatever a generator of the user's raises.
        """
        forked = forks[0]
        value = self._run(next, self._values)
        if forks[0] != forked:
            leave_child()  # a generator has forked, and goes on in both
        index = self._place()
        if issubclass(type(value), Context):  # as `is_a`, for a million items
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
