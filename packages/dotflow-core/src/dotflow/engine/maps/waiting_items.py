"""`WaitingItems`: items of a mapped task that have begun and cannot go on now."""

from __future__ import annotations

import heapq

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.engine.run_state import RunState
    from dotflow.model.items import Item

# No more items are taken while so many wait for another attempt: each is in memory.
MAX_WAITING = 1000


class WaitingItems:
    """Items that wait for another attempt, or for a limit or a rate.

    Args:
        state: Where the run stands; it wakes the task.
        node: The place of the task in the graph.

    Attributes:
        retries: Those that wait for another attempt: a heap of moments, places, items.
        held: The one that a limit or a rate has refused; nothing else starts meanwhile.
    """

    __slots__ = ("_asleep", "_node", "_state", "held", "retries")

    def __init__(self, state: RunState, node: int) -> None:
        self._state = state
        self._node = node
        self._asleep = 0.0
        self.retries: list[tuple[float, int, Item]] = []
        self.held: Item | None = None

    @property
    def full(self) -> bool:
        """Whether no further item is to be taken meanwhile."""
        return len(self.retries) >= MAX_WAITING

    @property
    def due(self) -> bool:
        """Whether the time of one of them has come."""
        retries = self.retries
        return bool(retries) and retries[0][0] <= self._state.clock.monotonic()

    def take(self) -> Item | None:
        """Return the item that goes on first; None where each has to wait."""
        if self.held is not None:
            item, self.held = self.held, None
            return item
        return heapq.heappop(self.retries)[2] if self.due else None

    def hold(self, item: Item, seconds: float) -> None:
        """Keep an item that a limit or a rate refuses for so long."""
        self.held = item
        # Every item that ends asks again, so one entry at a time is enough.
        if self._asleep <= self._state.clock.monotonic():
            self._asleep = self._state.delay(self._node, seconds)

    def retry(self, item: Item, seconds: float) -> None:
        """Have another attempt of an item follow after so long."""
        due = self._state.delay(self._node, seconds)
        heapq.heappush(self.retries, (due, item.index, item))

    def forget(self) -> None:
        """Take back what asks the loop to wait on behalf of the task."""
        delayed = self._state.delayed
        if delayed:
            delayed[:] = [entry for entry in delayed if entry[1] != self._node]
            heapq.heapify(delayed)
