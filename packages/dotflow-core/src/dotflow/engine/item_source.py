"""`ItemSource`: the items of a mapped task, one when it is asked for."""

from __future__ import annotations

from dotflow.abc.executor import AsyncExecutor
from dotflow.core.action import Action
from dotflow.core.context import Context
from dotflow.engine.items import Item
from dotflow.engine.mapping import refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dotflow.core.task import Task
    from dotflow.engine.item_results import ItemResults
    from dotflow.engine.loop import Engine
    from dotflow.engine.mapping import Mapping


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
        "_item_names", "_named", "_place", "_source", "_values", "_wants_index",
        "pending", "total",
    )  # fmt: skip

    def __init__(
        self,
        task: Task,
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
        if type(task._step) is Action:  # it tells what it takes of all these
            wanted = task._step.injects
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
            source._time,  # type: ignore[arg-type]  # either form of a time will do
            source.run_id,
        )
        return Item(index, previous, named)

    def close(self) -> None:
        """Let go of the items that are left."""
        self._values = iter(())


def open_source(
    engine: Engine, node: int, mapping: Mapping, results: ItemResults
) -> ItemSource:
    """Return the items of a mapped task; all upstream of it has completed.

    Args:
        engine: The engine that runs it.
        node: Its place in the graph.
        mapping: How it maps.
        results: What its items will come to.

    Raises:
        Exception: What there is cannot be mapped over.
    """
    graph, task = engine.graph, engine.tasks[node]
    upstream = graph.upstream[node]
    over = next(up for up in upstream if engine.tasks[up].name == mapping.over)
    source = engine.tasks[over]
    values = source.current_context.storage
    problem = refusal(task, source, values, len(graph.downstream[over]) > 1)
    if problem is not None:
        raise problem
    named = dict(engine.inputs(node, task)[1] or {})
    name = task.local_name(mapping.over)
    given = (task, name, source.current_context, named, results.place)
    opened: ItemSource
    if hasattr(values, "__iter__") or not hasattr(values, "__aiter__"):
        opened = ItemSource(*given, iter(values))
    else:
        from dotflow.engine.async_items import AsyncItemSource, driven

        if isinstance(engine.executor, AsyncExecutor):
            opened = AsyncItemSource(*given, aiter(values), engine, node)
        else:
            opened = ItemSource(*given, driven(values))
    if hasattr(values, "__len__"):
        opened.total = len(values)
    return opened
