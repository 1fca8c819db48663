"""The clock that retries, rates and deadlines go by, so that a test need not wait."""

from __future__ import annotations

import time

# How long to wait before asking again for what another run holds: a slot, a result; and
# where each time is a request to a cloud.
ASK_AGAIN_SECONDS = 0.05
ASK_SELDOM_SECONDS = 0.5


class Clock:
    """Time as it passes."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def until(self, due: float, idle: bool = True) -> float:
        """Return how many seconds to wait for a moment of `monotonic`.

        Args:
            due: The moment.
            idle: Whether no attempt runs meanwhile.
        """
        return max(0.0, due - time.monotonic())

    def sleep(self, seconds: float) -> None:
        """Wait, in the thread of a step."""
        time.sleep(seconds)


current = Clock()
"""The clock that a run which begins now goes by."""


def set_clock(clock: Clock) -> Clock:
    """Make the runs that begin from now on, in this process, go by a clock.

    Returns:
        The clock until now.
    """
    global current
    before, current = current, clock
    return before
