"""`SchedulerCron`: runs a workflow at the times of a cron expression."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.abc.scheduler import Scheduler
from dotflow.base.arguments import check_choice
from dotflow.base.liveness import hostname
from dotflow.errors import ProviderError
from dotflow.types import TypeOverlap
from dotflow_scheduler.clock import Clock
from dotflow_scheduler.loop import CronLoop
from dotflow_scheduler.runs import ParallelRuns, Runs
from dotflow_scheduler.signals import stopping_on_signals
from dotflow_scheduler.times import CronTimes, check_cron, draw
from dotflow_scheduler.zones import find_zone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from dotflow.types import Overlap

OVERLAPS = (TypeOverlap.SKIP, TypeOverlap.QUEUE, TypeOverlap.PARALLEL)


class SchedulerCron(Scheduler):
    """Runs a workflow at the times of a cron expression.

    `start` blocks until `stop`. In the main thread SIGINT and SIGTERM stop it as well:
    the run that goes on is finished first, unless a second signal comes. A run that
    fails is not the last one.

    Args:
        cron: Five fields, `minute hour day month weekday`; a sixth is the seconds. A
            field `H` is a number that is drawn from the seed and so the same after a
            restart, `R` one drawn at random when the scheduler is made; both can have a
            range and steps, as `H(0-29)` or `H/15`.
        overlap: What becomes of a tick while a run goes on: `"skip"` drops it,
            `"queue"` makes up for it afterwards, at most one, `"parallel"` begins a run
            beside the others, at most ten at once.
        timezone: The zone that the times are in, as `"Europe/Lisbon"`; None for that of
            this machine. Where clocks are put forward, a time that is left out counts
            as the first one after the gap; where they are put back, one that comes
            twice counts twice.
        jitter: The most seconds by which a run begins late, a random number each time,
            so that many machines do not begin at once.
        seed: What `H` fields are drawn from. Default: the name of this machine, so that
            many machines do not begin at once.
        clock: The clock to go by, for tests.

    Attributes:
        cron: The expression.
        overlap: The policy.

    Raises:
        ProviderError: An argument is malformed or out of range, or the expression has
            no date to come.
    """

    def __init__(
        self,
        cron: str,
        overlap: Overlap = TypeOverlap.SKIP,
        timezone: str | tzinfo | None = None,
        jitter: float = 0.0,
        *,
        seed: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or Clock()
        self._zone = None if timezone is None else find_zone(timezone)
        if seed is None:
            seed = hostname()
        self.cron = check_cron(cron, self._zone, self._clock.now(), seed)
        self._drawn, self._seed = draw(self.cron, seed)
        check_choice("SchedulerCron", "overlap", overlap, OVERLAPS)
        self.overlap = overlap
        self.jitter = _check_jitter(jitter)
        self._loops: list[CronLoop] = []

    @property
    def running(self) -> bool:
        """Whether `start` is going on."""
        return bool(self._loops)

    def start(self, workflow: Callable[..., Any], **kwargs: Any) -> None:
        """Block, and call `workflow(**kwargs)` on each tick until `stop`.

        Args:
            workflow: What to run.
            kwargs: Passed on to it.
        """
        kind = ParallelRuns if self.overlap == TypeOverlap.PARALLEL else Runs
        runs = kind(partial(workflow, **kwargs))
        times = self._times()
        loop = CronLoop(times, runs, self.overlap, self.jitter, self._clock)
        self._loops.append(loop)
        try:
            with stopping_on_signals(loop.stop):
                loop.run()
        finally:
            self._loops.remove(loop)

    def stop(self, timeout: float | None = None) -> None:
        """Begin no further run, and make `start` return once none goes on.

        Args:
            timeout: The most seconds to wait for that, from another thread than
                `start` is in. Default: return at once, as a signal handler must.
        """
        loops = list(self._loops)
        for loop in loops:
            loop.stop()
        if timeout is not None:
            for loop in loops:
                loop.wait(timeout)

    def trigger(self) -> bool:
        """Begin a run now, beside the times to come; from any thread.

        Where another one goes on, it begins after that, or beside it with
        `overlap="parallel"`. Several requests that wait are as one.

        Returns:
            Whether `start` is going on.
        """
        loops = list(self._loops)
        for loop in loops:
            loop.trigger()
        return bool(loops)

    @property
    def timezone(self) -> str | None:
        """The name of the zone of its times; None for that of this machine."""
        return None if self._zone is None else str(self._zone)

    def next_run_times(self, count: int = 5) -> list[datetime]:
        """Return the next times, without jitter, in the zone of the schedule.

        Args:
            count: How many; there are fewer if the years of the expression end.
        """
        times = self._times()
        found: list[datetime] = []
        moment = times.after(self._clock.now())
        while moment is not None and len(found) < count:
            utc = datetime.fromtimestamp(moment, UTC)
            found.append(utc.astimezone(times.zone))
            moment = times.after(moment)
        return found

    def _times(self) -> CronTimes:
        return CronTimes(self._drawn, self._zone, self._seed)

    def __getstate__(self) -> dict[str, Any]:
        # What goes on here does not go on in another process.
        return {**self.__dict__, "_loops": []}

    def __repr__(self) -> str:
        return f"SchedulerCron({self.cron!r}, overlap={self.overlap!r})"


def _check_jitter(jitter: float) -> float:
    number = isinstance(jitter, (int, float)) and not isinstance(jitter, bool)
    if number and 0 <= jitter < float("inf"):
        return jitter
    raise ProviderError(
        f"SchedulerCron(jitter={jitter!r}): give a number of seconds, 0 or more."
    )
