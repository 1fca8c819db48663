"""Which attempt may start now: named concurrency limits and rates."""

from __future__ import annotations

from collections import deque

from dotflow.engine.clock import ASK_AGAIN_SECONDS, Clock
from dotflow.engine.limits.holding import holders_around
from dotflow.model.rate import parse_rate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.engine.limits.leases import Leases
    from dotflow.engine.limits.slots import MemorySlots
    from dotflow.model.action import Action
    from dotflow.model.task import TaskInstance

# Stands for a slot that is somebody else's to give back.
_LENT = ""


class Admission:
    """Keeps the limits and rates of the steps of one run.

    Args:
        sizes: How many attempts may hold a limit at once, by its name; 1 where a name
            is missing.
        leases: The slots, shared with whoever has the same storage; None where no step
            has a limit.

    Attributes:
        clock: What rates go by; that of the engine which asks.
    """

    def __init__(
        self, sizes: dict[str, int], leases: Leases | MemorySlots | None = None
    ) -> None:
        self.clock = Clock()
        self._sizes = sizes
        self._leases = leases
        self._held: dict[str, int] = {}
        # The limits of which an attempt runs in the slot of the one around the run.
        self._lent: set[str] = set()
        # By limit: all slots of one are alike, so any of them may be given back.
        self._slots: dict[str, list[str]] = {}
        self._starts: dict[Action[..., Any], deque[float]] = {}

    def ask(self, task: TaskInstance) -> float:
        """Let an attempt of `task` start, or say when to ask again.

        Returns:
            0 if it may start now; else the seconds to wait.
        """
        step = task.step
        wait = self._rate_wait(step) if step.rate is not None else 0.0
        if wait:
            return wait
        # The rate first, which costs nothing: a slot of a limit would be held in vain.
        if step.limit is not None and not self._take(step.limit):
            return ASK_AGAIN_SECONDS
        if step.rate is not None:
            self._starts[step].append(self.clock.monotonic())
        return 0.0

    def release(self, task: TaskInstance) -> None:
        """Give back what an attempt of `task` held."""
        name = task.step.limit
        if name is None:
            return
        self._held[name] -= 1
        slots = self._slots.get(name)
        if slots and self._leases is not None:
            slot = slots.pop()
            if slot == _LENT:
                self._lent.discard(name)
            else:
                self._leases.release(slot)

    def close(self) -> None:
        """Give everything back."""
        if self._leases is not None:
            self._leases.close()

    def _take(self, name: str) -> bool:
        size = self._sizes.get(name, 1)
        if self._held.get(name, 0) >= size:
            return False
        if self._leases is not None:
            slot = self._leases.acquire(name, size)
            if slot is None and not self._borrow(name, size):
                return False
            self._slots.setdefault(name, []).append(slot or _LENT)
        self._held[name] = self._held.get(name, 0) + 1
        return True

    def _borrow(self, name: str, size: int) -> bool:
        """Run one attempt at a time in a slot that an attempt around this run holds.

        That one waits for this run, which would otherwise wait for it.
        """
        holders = holders_around(name)
        if not holders or name in self._lent or self._leases is None:
            return False
        lent = self._leases.held_by(name, size, holders)
        if lent:
            self._lent.add(name)
        return lent

    def _rate_wait(self, step: Action[..., Any]) -> float:
        """Return how long the oldest start still counts, where there are too many."""
        count, period = parse_rate(step.rate)
        starts = self._starts.get(step)
        if starts is None:
            starts = self._starts[step] = deque(maxlen=count)
        if len(starts) < count:
            return 0.0
        return max(0.0, starts[0] + period - self.clock.monotonic())
