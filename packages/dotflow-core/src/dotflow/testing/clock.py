"""`fake_clock`: retries that do not wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dotflow.engine.clock import Clock, set_clock


class FakeClock(Clock):
    """A clock that jumps to whatever a run would wait for.

    Only waits of the engine pass like this, those between two attempts above all. What
    a step does, timeouts and the times in reports stay real.

    Attributes:
        waits: Each wait that did not take place, in seconds.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._seconds = 0.0

    @property
    def elapsed(self) -> float:
        """How long the runs would have waited, in seconds."""
        return sum(self.waits)

    def monotonic(self) -> float:
        """Return the seconds that have passed on this clock."""
        return self._seconds

    def until(self, due: float) -> float:
        """Jump to a moment, and return that there is nothing left to wait for.

        Args:
            due: The moment.
        """
        if due > self._seconds:
            # The sum of many floats is a little off what was asked for.
            self.waits.append(round(due - self._seconds, 9))
            self._seconds = due
        return 0.0


@contextmanager
def fake_clock() -> Iterator[FakeClock]:
    """Let no run that begins inside wait between two attempts.

    It is for the whole process, so for one test at a time.
    """
    clock = FakeClock()
    before = set_clock(clock)
    try:
        yield clock
    finally:
        set_clock(before)


def run_with_fake_clock(workflow: Any, **options: Any) -> FakeClock:
    """Start a workflow and wait for its end, without waiting between two attempts.

    Args:
        workflow: A `DotFlow`.
        options: What `start` gets.

    Returns:
        The clock; its `waits` tell the delays.
    """
    with fake_clock() as clock:
        workflow.start(**options).wait()
    return clock
