"""`CronLoop`: one schedule while it goes on."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

from dotflow.logging import logger
from dotflow.types import TypeOverlap
from dotflow_scheduler.clock import Wake

if TYPE_CHECKING:
    from dotflow_scheduler.clock import Clock
    from dotflow_scheduler.runs import Runs
    from dotflow_scheduler.times import CronTimes

# Less than there is between two ticks.
_MOMENT = 0.5


class CronLoop:
    """Begins a run at each tick.

    Ticks that have passed by the time it looks again, whether the machine was suspended
    or a run took that long, are as one: the overlap says whether they are made up for.

    Args:
        times: The ticks.
        runs: What a tick begins.
        overlap: What to do about ticks that came while a run went on.
        jitter: The most seconds by which a run may begin late.
        clock: The clock to go by.
    """

    def __init__(
        self, times: CronTimes, runs: Runs, overlap: str, jitter: float, clock: Clock
    ) -> None:
        self._times = times
        self._runs = runs
        self._overlap = overlap
        self._jitter = jitter
        self._clock = clock
        self._wake = Wake()
        self._over = threading.Event()

    def stop(self) -> None:
        """Begin no further run; a signal handler may call this."""
        self._wake.set()

    def trigger(self) -> None:
        """Begin a run now, or after the one that goes on; from any thread."""
        self._wake.nudge()

    def wait(self, timeout: float) -> bool:
        """Wait for the end of `run`, from another thread.

        Args:
            timeout: The most seconds to wait.

        Returns:
            Whether it has ended.
        """
        return self._over.wait(timeout)

    def run(self) -> None:
        """Begin runs until it is stopped, and wait for those that go on."""
        done = False
        try:
            self._begin_runs()
            self._runs.wait()
            done = True
        finally:
            if not done:
                self._runs.interrupt()
            self._over.set()

    def _begin_runs(self) -> None:
        due = self._times.after(self._clock.now())
        while due is not None:
            late = random.uniform(0, self._jitter) if self._jitter else 0.0
            self._clock.sleep_until(due + late, self._wake)
            if self._wake.is_set():
                return
            now = self._clock.now()
            # A clock that was put back must not bring a tick twice. A run that somebody
            # has asked for is no tick: the one to come stays due.
            began = (
                min(now, due - _MOMENT) if self._wake.take_nudge() else max(due, now)
            )
            self._runs.begin()
            due = self._following(began, max(began, self._clock.now()))
        logger.info("The schedule has no further date: it ends.")

    def _following(self, began: float, ended: float) -> float | None:
        """Return the tick to wait for, after a run that went on for a while."""
        following = self._times.after(began)
        if following is None or following > ended:
            return following
        if self._overlap != TypeOverlap.QUEUE:
            self._report_drop()
            return self._times.after(ended)
        second = self._times.after(following)
        if second is not None and second <= ended:
            self._report_drop()
        return following

    def _report_drop(self) -> None:
        logger.warning(
            "Scheduled runs were dropped: the one before went on for too long"
            " (overlap=%r).",
            self._overlap,
        )
