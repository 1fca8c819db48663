"""`KeptSchedule`: registers a schedule in the storage while a process runs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dotflow.abc.scheduler import Scheduler
from dotflow.base.guard import name_of
from dotflow.base.identity import new_ulid
from dotflow.base.liveness import process_token
from dotflow.base.starting import started_by
from dotflow.engine.alerts import tell_missed
from dotflow.history.schedules import ScheduleFacts, Schedules, can_keep_schedules
from dotflow.logging import logger, warn
from dotflow.types import StartedBy, WorkflowStatus

if TYPE_CHECKING:
    from dotflow.abc.notify import Notify
    from dotflow.config.config import Config

    Missed = Sequence[tuple[str, Sequence[float] | None]]
    Tick = Callable[..., Any]

_BEAT_SECONDS = 10.0
# How often requests are looked for: seldom where each look is a request to a cloud.
_LOOK_SECONDS = 1.0
_NEXT = 10
# After how many of these looks other schedules are looked at, too.
_LOOKS_FOR_MISSED = 30


def keep_schedule(
    config: Config, name: str, what: str, tick: Tick
) -> Callable[..., Any]:
    """Return what runs a schedule as `scheduler.start(tick, …)` does, for all to see.

    Args:
        config: Its scheduler begins the runs, in its storage the schedule registers
            itself, unless only this process sees that, and its notifiers are told of
            times that were missed.
        name: What other processes know the schedule by.
        what: What it runs.
        tick: Runs that once; what it returns has a `status` and a `run_id`.
    """
    storage, scheduler = config.storage, config.scheduler

    def begin(**options: Any) -> Any:
        with started_by(StartedBy.SCHEDULE, command=name):
            return tick(**options)

    if not can_keep_schedules(storage):
        return lambda **options: scheduler.start(begin, **options)
    kept = KeptSchedule(Schedules(storage), scheduler, name, what, begin, config.notify)
    if not storage.shared:
        kept.look_seconds = _BEAT_SECONDS
    return kept.run


class KeptSchedule:
    """A schedule that this process runs, and that others see, pause and trigger.

    No failure to tell of it keeps a run from beginning: where the storage cannot be
    asked whether it is paused, the last answer counts.

    Args:
        schedules: Where it is registered.
        scheduler: Begins its runs.
        name: What other processes know it by.
        what: What it runs.
        tick: Runs that once.
        notify: Who is told of times that were missed, of this schedule or another.

    Attributes:
        look_seconds: How often requests of other processes are looked for.
    """

    look_seconds = _LOOK_SECONDS

    def __init__(
        self,
        schedules: Schedules,
        scheduler: Scheduler,
        name: str,
        what: str,
        tick: Tick,
        notify: Notify,
    ) -> None:
        self._schedules = schedules
        self._scheduler = scheduler
        self._name = name
        self._tick = tick
        self._notify = notify
        self._owner = new_ulid()
        # A class of the user's own need not have these, nor mean the same by them.
        cron, zone, late = (
            getattr(scheduler, name, None) for name in ("cron", "timezone", "jitter")
        )
        self._facts = ScheduleFacts(
            process_token(),
            what,
            None if cron is None else str(cron),
            None if zone is None else str(zone),
            type(scheduler).trigger is not Scheduler.trigger,
            late=late if isinstance(late, (int, float)) else 0.0,
        )
        self._paused = False
        # Runs that were asked for and have not begun: they begin although it is paused.
        self._asked = 0
        # Ticks may overlap, and the thread that looks changes the same facts.
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._reported = False

    def run(self, **options: Any) -> Any:
        """Run the schedule until it is stopped.

        Args:
            **options: What each tick gets.
        """
        self._refresh()
        missed = self._try(
            self._schedules.register, self._name, self._owner, self._facts
        )
        self._tell_missed([(self._name, missed)])
        self._paused, _ = self._try(self._schedules.look, self._name) or (False, False)
        if self._paused:
            warn(
                "The schedule %r is paused: no run begins before `dotflow schedules"
                " resume`.",
                self._name,
            )
        thread = threading.Thread(
            target=self._look, name="dotflow-schedule", daemon=True
        )
        self._try(thread.start)
        try:
            return self._scheduler.start(self._begin, **options)
        finally:
            self._over.set()
            if thread.is_alive():
                thread.join()
            self._facts.ended = True
            self._note()

    def _begin(self, **options: Any) -> Any:
        """Begin a run, unless the schedule is paused."""
        last: dict[str, Any] = {
            "status": WorkflowStatus.IN_PROGRESS,
            "started": time.time(),
        }
        if not self._may_begin(last):
            logger.info("The schedule %r is paused: no run begins.", self._name)
            return None
        last["status"] = WorkflowStatus.FAILED
        try:
            run = self._tick(**options)
            last["status"] = getattr(run, "status", WorkflowStatus.COMPLETED)
            last["run_id"] = getattr(run, "run_id", None)
            return run
        except BaseException as error:
            last["error"] = name_of(type(error))
            raise
        finally:
            last["finished"] = time.time()
            with self._lock:
                self._facts.running -= 1
                self._refresh()
            self._note(last)

    def _may_begin(self, last: dict[str, Any]) -> bool:
        with self._lock:
            asked = self._asked > 0
            self._asked -= asked
            self._refresh()
            begins: bool | None = self._try(
                self._schedules.begin, self._name, self._owner, self._facts, last, asked
            )
            if begins is None:
                begins = asked or not self._paused
                self._facts.running += begins
            return begins

    def _look(self) -> None:
        """Note that the process lives, and begin what others ask for."""
        due = time.monotonic() + _BEAT_SECONDS
        looks = 0
        while not self._over.wait(self.look_seconds):
            found = self._try(self._schedules.look, self._name)
            if found is not None:
                self._paused, asked = found
                if asked or time.monotonic() >= due:
                    due = time.monotonic() + _BEAT_SECONDS
                    self._note()
            looks += 1
            if looks % _LOOKS_FOR_MISSED == 0 and self._notify.alert_rules is not None:
                self._tell_missed(self._try(self._schedules.take_missed))

    def _tell_missed(self, found: Missed | None) -> None:
        if self._notify.alert_rules is not None:
            for name, times in found or ():
                self._try(tell_missed, self._notify, name, times or ())

    def _note(self, last: dict[str, Any] | None = None) -> None:
        with self._lock:
            asked = self._try(
                self._schedules.note, self._name, self._owner, self._facts, last
            )
            self._asked += bool(asked)
        if asked:
            self._try(self._scheduler.trigger)

    def _refresh(self) -> None:
        """Take note of the times to come.

        Only when a tick has come: one that never comes is seen as missed.
        """
        times = getattr(self._scheduler, "next_run_times", None)
        found = None if times is None else self._try(times, _NEXT)
        self._facts.next = [moment.timestamp() for moment in found or ()]

    def _try(self, call: Callable[..., Any], *args: Any) -> Any:
        try:
            return call(*args)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            if not self._reported:
                self._reported = True
                warn(
                    "What other processes see of the schedule %r is not up to date; it"
                    " goes on.",
                    self._name,
                    error=error,
                )
            return None
