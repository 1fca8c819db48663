"""Opens what a mapped task is mapped over, or says what speaks against it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from dotflow.abc.executor import AsyncExecutor
from dotflow.engine.maps.item_source import ItemSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.engine.maps.item_values import ItemValues
    from dotflow.engine.run_state import RunState
    from dotflow.model.expansion import MapOver
    from dotflow.model.task import TaskInstance


_ITERABLE = ("__iter__", "__getitem__", "__aiter__")


def refusal(
    task: TaskInstance, source: TaskInstance, values: Any, shared: bool
) -> Exception | None:
    """Return what speaks against mapping over a value, None for nothing."""
    what = f"Task '{task.name}' is mapped over '{source.name}', whose result"
    kind = type(values).__qualname__
    if isinstance(values, (str, bytes, bytearray)):
        return TypeError(f"{what} is one {kind}: return a list of what to map over.")
    if not any(hasattr(values, name) for name in _ITERABLE):
        return TypeError(
            f"{what} of type {kind} cannot be iterated: return a list, a range, a"
            " generator, an async generator or any other iterable."
        )
    if isinstance(values, (Iterator, AsyncIterator)):
        again = "return a list, a range or an object that can be iterated again."
        if source.restored or source.cached:
            return TypeError(f"{what}, a {kind}, was read by an earlier run: {again}")
        if shared:
            return TypeError(
                f"{what}, a {kind}, can be read once only, and other tasks depend on it"
                f" as well: {again}"
            )
    return None


def open_source(
    state: RunState, node: int, mapping: MapOver, results: ItemValues
) -> ItemSource:
    """Return the items of a mapped task; all upstream of it has completed.

    Args:
        state: Where the run stands.
        node: Its place in the graph.
        mapping: How it maps.
        results: What its items will come to.

    Raises:
        Exception: What there is cannot be mapped over.
    """
    graph, task = state.graph, state.tasks[node]
    upstream = graph.upstream[node]
    over = next(up for up in upstream if state.tasks[up].name == mapping.over)
    source = state.tasks[over]
    values = source.current_context.storage
    problem = refusal(task, source, values, len(graph.downstream[over]) > 1)
    if problem is not None:
        raise problem
    named = dict(state.inputs(node, task)[1] or {})
    name = task.local_name(mapping.over)
    given = (task, name, source.current_context, named, results.place)
    opened: ItemSource
    if hasattr(values, "__iter__") or not hasattr(values, "__aiter__"):
        opened = ItemSource(*given, iter(values))
    else:
        from dotflow.engine.maps.async_items import AsyncItemSource, driven

        if isinstance(state.executor, AsyncExecutor):
            opened = AsyncItemSource(*given, aiter(values), state, node)
        else:
            opened = ItemSource(*given, driven(values))
    if hasattr(values, "__len__"):
        opened.total = len(values)
    return opened
