"""Opens what a mapped task is mapped over, or says what speaks against it."""

from __future__ import annotations

from dotflow.abc.executor import AsyncExecutor
from dotflow.base.coroutines import read_once
from dotflow.base.guard import guarded, has, is_a, short_type_name
from dotflow.engine.maps.item_source import ItemSource, Mapped
from dotflow.model.own import own, own_context

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
    kind = short_type_name(values)
    if is_a(values, (str, bytes, bytearray)):
        return TypeError(f"{what} is one {kind}: return a list of what to map over.")
    if not any(has(values, name) for name in _ITERABLE):
        return TypeError(
            f"{what} of type {kind} cannot be iterated: return a list, a range, a"
            " generator, an async generator or any other iterable."
        )
    if has(values, "__next__") or has(values, "__anext__"):
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
    record, others = state.record(over), len(graph.downstream[over]) > 1
    values = record.storage
    problem = refusal(task, source, values, others)
    if problem is not None:
        raise problem
    named = dict(state.inputs(node, task)[1] or {})
    if state.executor.shares:
        # One copy for all items, where it is too large for one each.
        named = {n: v if v is values else own(v) for n, v in named.items()}
        if others:
            # They may change it in place while items are still taken from it.
            values = own(values)
        initial = task.initial
        if initial is not None and task.step.wants_initial:
            # Each item has a copy; that of others may be the very object.
            task.initial = own_context(state.as_left(initial))
    name = task.local_name(mapping.over)
    mapped = Mapped(task, name, record, named, results.place)
    opened: ItemSource
    if has(values, "__iter__") or not has(values, "__aiter__"):
        opened = ItemSource(mapped, iter(values))
    else:
        from dotflow.engine.maps.async_items import AsyncItemSource, driven

        if isinstance(state.executor, AsyncExecutor):
            opened = AsyncItemSource(mapped, aiter(values), state, node)
        else:
            opened = ItemSource(mapped, driven(values))
    opened.shared = not read_once(values)
    if has(values, "__len__"):
        opened.total = guarded(lambda: len(values), None)
    return opened
