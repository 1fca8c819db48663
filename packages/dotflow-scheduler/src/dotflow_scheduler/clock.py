"""`Clock`: what time it is, and waiting for another; a test puts in its own."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue

# The longest wait at once. The time of day may jump, while a machine is suspended or
# when its clock is set, and no wait of Python's takes notice.
_SLICE = 1.0


class Wake:
    """An event that may be set from a signal handler.

    `threading.Event` may not: a handler that sets it while its own thread begins to
    wait for it would wait for itself. Putting into a `SimpleQueue` is safe there.
    """

    def __init__(self) -> None:
        self._set = self._nudged = False
        self._queue: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """End the wait, and every later one."""
        self._set = True
        self._queue.put(None)

    def nudge(self) -> None:
        """End the wait once, or the next one."""
        self._nudged = True
        self._queue.put(None)

    def take_nudge(self) -> bool:
        """Say whether `nudge` was called since this was asked last."""
        nudged, self._nudged = self._nudged, False
        return nudged

    def is_set(self) -> bool:
        """Say whether `set` was called."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Wait, at most for a time.

        Args:
            seconds: The longest wait.

        Returns:
            Whether `set` or `nudge` was called.
        """
        if not (self._set or self._nudged):
            try:
                self._queue.get(timeout=seconds)
            except Empty:
                pass
        return self._set or self._nudged


class Clock:
    """The time of day of this machine."""

    def now(self) -> float:
        """Return the time in seconds since 1970, UTC."""
        return time.time()

    def sleep_until(self, moment: float, wake: Wake) -> None:
        """Wait for a moment.

        Args:
            moment: The moment, as of `now`; one that has passed is no wait.
            wake: Ends the wait when it is set.
        """
        while (left := moment - self.now()) > 0:
            if wake.wait(min(left, _SLICE)):
                return
