"""`fake_clock`: retries, rates and deadlines that do not wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dotflow.engine.clock import Clock, set_clock


class FakeClock(Clock):
    """A clock that jumps to whatever a run would wait for.

    It jumps over the delays between attempts, the waits that a rate makes, and to the
    deadline of a run. While attempts run beside those that wait, its time passes as the
    real one. What a step does itself, its timeout and the times in reports stay real.

    Attributes:
        waits: Each wait that did not take place, in seconds.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._seconds = 0.0
        # Since when, in real seconds, the time passes by itself; None while it stands.
        self._passing: float | None = None
        # Steps of several threads may wait.
        self._lock = threading.Lock()

    @property
    def elapsed(self) -> float:
        """How long the runs would have waited, in seconds."""
        return sum(self.waits)

    def monotonic(self) -> float:
        """Return the seconds that have passed on this clock."""
        with self._lock:
            return self._now()

    def until(self, due: float, idle: bool = True) -> float:
        """Jump to a moment, and return that there is nothing left to wait for.

        Args:
            due: The moment.
            idle: Whether no attempt runs meanwhile; otherwise the wait is a real one.
        """
        with self._lock:
            left = due - self._now()
            if idle:
                self._skip(left)
                return 0.0
            self._passing = time.monotonic()
            return max(0.0, left)

    def sleep(self, seconds: float) -> None:
        """Jump over a wait between two attempts of a method."""
        with self._lock:
            self._skip(seconds)

    def _now(self) -> float:
        if self._passing is not None:
            self._seconds += time.monotonic() - self._passing
            self._passing = None
        return self._seconds

    def _skip(self, seconds: float) -> None:
        if seconds > 0:
            # The sum of many floats is a little off what was asked for.
            self.waits.append(round(seconds, 9))
            self._seconds += seconds


@contextmanager
def fake_clock() -> Iterator[FakeClock]:
    """Let no run that begins inside wait: for a retry, a rate or its deadline.

    It is for the whole process, so for one test at a time.
    """
    clock = FakeClock()
    before = set_clock(clock)
    try:
        yield clock
    finally:
        set_clock(before)


def run_with_fake_clock(workflow: Any, **options: Any) -> FakeClock:
    """Start a workflow and wait for its end, without waiting; see `fake_clock`.

    Args:
        workflow: A `DotFlow`.
        options: What `start` gets.

    Returns:
        The clock; its `waits` tell the delays.
    """
    with fake_clock() as clock:
        workflow.start(**options).wait()
    return clock
