"""Items that come asynchronously: from an async generator, a queue, a feed."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import copy_context
from functools import partial

from dotflow.base.coroutines import awaited
from dotflow.engine.maps.item_source import ItemSource, Mapped
from dotflow.model.action import Action
from dotflow.model.items import ItemNode
from dotflow.model.task import Attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
    from typing import Any

    from dotflow.engine.run_state import RunState
    from dotflow.model.items import Item

# The place, among those of items, of the attempt that fetches the next one.
FETCH = -1
_END: Any = object()


class AsyncItemSource(ItemSource):
    """Has the items fetched in the event loop, where other items run meanwhile.

    A fetch is an attempt like any other to the executor, and takes a slot as one.

    Args:
        mapped: What the items are made with.
        values: The asynchronous iterator.
        state: Where the run stands; its executor runs in an event loop.
        node: The place of the task in the graph.
    """

    __slots__ = (
        "_fetched",
        "_fetcher",
        "_fetching",
        "_node",
        "_state",
        "_stopped",
        "_upstream",
    )

    def __init__(
        self,
        mapped: Mapped,
        values: AsyncIterator[Any],
        state: RunState,
        node: int,
    ) -> None:
        super().__init__(mapped, iter(()))
        self._state = state
        self._node = ItemNode(node, FETCH)
        self._upstream: AsyncIterator[Any] | None = values
        # What came of the last fetch: a list with one item, or with none at the end.
        self._fetched: list[Any] | None = None
        self._fetching: Future[Any] | None = None
        self._stopped = False
        # The task itself but for its step: a tracer shows the fetch inside it.
        self._fetcher = mapped.task.copy()
        self._fetcher.step = Action(self._fetch)

    def take(self) -> Item | None:
        """Return the item that was fetched, or have the next one fetched."""
        fetched, self._fetched = self._fetched, None
        if fetched is not None:
            self._values = iter(fetched)
            return super().take()
        if not self.pending:
            self.pending = True
            attempt = Attempt(self._node, self._fetcher, 1, self._source)
            self._state.executor.submit(attempt)
            self._state.running += 1
        return None

    def deliver(self, fetched: list[Any] | None) -> None:
        """Take what an attempt has fetched; None where it has failed."""
        self.pending = False
        self._fetched = fetched

    def close(self) -> None:
        """Let go of the iterator, also in the middle of a fetch."""
        self._stopped = True
        self._upstream = self._fetched = None
        if self._fetching is not None:
            self._fetching.cancel()

    async def _fetch(self) -> list[Any]:
        import asyncio

        if self._upstream is None:
            return []
        self._fetching = asyncio.ensure_future(_next(self._upstream))
        try:
            value = await self._fetching
        except asyncio.CancelledError:
            if self._stopped:
                return []
            raise
        finally:
            self._fetching = None
        # In a list, since the item itself could be taken for a class-based step.
        return [] if value is _END else [value]


def driven(values: AsyncIterable[Any]) -> Iterator[Any]:
    """Yield what an asynchronous iterable gives, from an event loop of its own.

    The loop only runs while an item is asked for.

    Args:
        values: The iterable.
    """
    with _own_loop() as run:
        source = aiter(values)
        while (value := awaited(_next(source), run)) is not _END:
            yield value


async def _next(values: AsyncIterator[Any]) -> Any:
    return await anext(values, _END)


@contextmanager
def _own_loop() -> Iterator[Callable[[Any], Any]]:
    """Give what runs a coroutine in a loop that stays the same."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with asyncio.Runner() as runner:
            yield runner.run
        return
    from concurrent.futures import ThreadPoolExecutor

    # A thread runs one loop at a time, and this one has the user's own.
    with ThreadPoolExecutor(1, thread_name_prefix="dotflow-items") as pool:
        runner = pool.submit(asyncio.Runner).result()
        try:
            here = copy_context()
            yield lambda coroutine: pool.submit(
                partial(runner.run, coroutine, context=here)
            ).result()
        finally:
            pool.submit(runner.close).result()
