"""`Schedules`: what a storage knows of schedules, for any process that asks.

One record a schedule, changed by one step each time: whoever pauses it and whoever runs
it may be different processes, on different machines.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dotflow.abc.storage import Storage
from dotflow.base.identity import new_ulid, quote_name
from dotflow.base.liveness import host_and_pid
from dotflow.base.suggest import hint
from dotflow.errors import StorageError
from dotflow.history.schedule_facts import ScheduledRun as ScheduledRun
from dotflow.history.schedule_facts import ScheduleFacts as ScheduleFacts
from dotflow.history.schedule_facts import ScheduleReport as ScheduleReport
from dotflow.history.schedule_facts import (
    current,
    last_run,
    moment_of,
    owners_of,
    packed,
)
from dotflow.model.context import Context
from dotflow.types import ScheduleStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Record = dict[str, Any]

_PREFIX = "schedule/"
# A task id tells a record from a missing key.
_NO_TASK = "-"
_MOST_MISSED = 20
_NEEDS = ("atomic_swap", "list_keys", "delete")


class ScheduleNotFound(StorageError, LookupError):
    """No schedule of that name has registered itself in the storage."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"There is no schedule {name!r}.{hint(name, known)} `dotflow schedules`"
            " lists them."
        )


class ScheduleRefused(StorageError):
    """What was asked of a schedule cannot be done now."""


class Schedules:
    """The schedules that have registered themselves in a storage.

    Args:
        storage: The storage.
        now: What time it is, for tests.

    Raises:
        ScheduleRefused: The storage cannot keep them, for other processes to see.
    """

    def __init__(self, storage: Storage, now: Callable[[], float] = time.time) -> None:
        if not can_keep_schedules(storage):
            raise ScheduleRefused(
                f"{type(storage).__name__} keeps no schedules: it takes one that other"
                " processes see and that swaps values in one step, as StorageSQLite or"
                " StorageFile."
            )
        self._storage = storage
        self._now = now

    def all(self) -> list[ScheduleReport]:
        """Return all schedules by name."""
        found = (
            self._storage.get(key).storage for key in self._storage.list_keys(_PREFIX)
        )
        reports = [self._report(record) for record in found if _is_record(record)]
        return sorted(reports, key=lambda report: report.name)

    def get(self, name: str) -> ScheduleReport:
        """Return a schedule.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        return self._report(self._record(name))

    def pause(self, name: str) -> None:
        """Let no run begin from now on, in no process; those that go on do.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        now = self._now()

        def change(record: Record) -> None:
            if record["paused"] is None:
                record["paused"] = now

        self._change(name, change)

    def resume(self, name: str) -> None:
        """Let runs begin again, from the next time on.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        now = self._now()

        def change(record: Record) -> None:
            if record["paused"] is not None:
                # What was due while it was paused was not missed.
                record.update(paused=None, since=now)

        self._change(name, change)

    def trigger(self, name: str) -> None:
        """Ask the process of a schedule to begin a run now, also while it is paused.

        It begins within seconds, or once the run before it has ended.

        Raises:
            ScheduleNotFound: There is none of that name.
            ScheduleRefused: No process runs it, or its scheduler cannot.
        """
        report = self.get(name)
        if report.status in (ScheduleStatus.STOPPED, ScheduleStatus.CRASHED) or (
            report.status == ScheduleStatus.MISSED and not self._lives(name)
        ):
            raise ScheduleRefused(
                f"No process runs the schedule {name!r}, so nobody would begin the run:"
                " start it again with `dotflow schedule`."
            )
        if not report.triggers:
            raise ScheduleRefused(
                f"The scheduler of {name!r} begins runs at its own times only: it has no"
                " `trigger`, as SchedulerCron has."
            )
        self._change(name, lambda record: record.update(trigger=new_ulid()))

    def forget(self, name: str) -> None:
        """Remove a schedule that no process runs.

        Raises:
            ScheduleNotFound: There is none of that name.
            ScheduleRefused: A process runs it.
        """
        if self._lives(name):
            raise ScheduleRefused(
                f"A process runs the schedule {name!r}: it would come back. End that, or"
                " pause the schedule."
            )
        self._storage.delete(_key(name))

    def register(self, name: str, owner: str, facts: ScheduleFacts) -> list[float]:
        """Note that a process runs a schedule from now on.

        What is paused stays so. Processes of it that are gone are forgotten, and the
        times that they have missed are kept.

        Args:
            name: The schedule.
            owner: What tells this process's part of it from any other.
            facts: What is known of it.

        Returns:
            The times that were missed since the last process was heard of, if nobody
            was told of them.
        """
        untold: list[float] = []

        def change(record: Record) -> None:
            untold[:] = self._take_missed(record)
            record["owners"] = {
                key: packed(other)
                for key, other in owners_of(record).items()
                if not other.is_gone()
            }
            if not record["owners"]:
                record["trigger"] = None  # nobody waits for it any more
            self._put(record, owner, facts)

        self._change(name, change, make=True)
        return untold

    def look(self, name: str) -> tuple[bool, bool]:
        """Return whether a schedule is paused, and whether a run was asked for."""
        record = self._storage.get(_key(name)).storage
        if not _is_record(record):
            return False, False
        return record["paused"] is not None, record["trigger"] is not None

    def begin(
        self,
        name: str,
        owner: str,
        facts: ScheduleFacts,
        last: Mapping[str, Any],
        asked: bool = False,
    ) -> bool:
        """Note that a run begins now, unless the schedule is paused.

        In one step, so that no run begins once somebody was told that it is paused.

        Args:
            name: The schedule.
            owner: As of `register`.
            facts: What is known of it.
            last: What is known of the run.
            asked: Whether somebody has asked for it: then it begins all the same.

        Returns:
            Whether it may begin; `facts` count it then.
        """
        before, begins = facts.running, False

        def change(record: Record) -> None:
            nonlocal begins
            begins = asked or record["paused"] is None
            facts.running = before + begins
            self._put(record, owner, facts)
            if begins:
                record["last"] = {**last, "owner": owner}

        self._change(name, change, make=True)
        return begins

    def note(
        self,
        name: str,
        owner: str,
        facts: ScheduleFacts,
        last: Mapping[str, Any] | None = None,
    ) -> bool:
        """Note where a schedule stands in its process.

        Args:
            name: The schedule.
            owner: As of `register`.
            facts: What is known of it.
            last: What became of its last run; None for no news.

        Returns:
            Whether somebody has asked for a run, which is this process's to begin now.
        """
        asked = False

        def change(record: Record) -> None:
            nonlocal asked
            asked = record["trigger"] is not None and not facts.ended
            if asked:
                record["trigger"] = None
            self._put(record, owner, facts)
            if last is not None:
                record["last"] = {**last, "owner": owner}

        self._change(name, change, make=True)
        return asked

    def take_missed(self) -> list[tuple[str, list[float]]]:
        """Return the schedules with times that were missed, if nobody was told of them.

        Of several processes that ask, one is given each.
        """
        found = []
        for report in self.all():
            if report.status == ScheduleStatus.MISSED:
                untold: list[float] = []

                def change(record: Record, untold: list[float] = untold) -> None:
                    untold[:] = self._take_missed(record)

                self._change(report.name, change)
                if untold:
                    found.append((report.name, untold))
        return found

    def _put(self, record: Record, owner: str, facts: ScheduleFacts) -> None:
        """Keep what is known of a schedule in one process, which lives now."""
        facts.beat = self._now()
        record["owners"][owner] = packed(facts)

    def _take_missed(self, record: Record) -> list[float]:
        """Move what the processes of a schedule have missed to what is told."""
        known = set(record["missed"])
        fresh = [moment for moment in self._missed(record) if moment not in known]
        record["missed"] = [*record["missed"], *fresh][-_MOST_MISSED:]
        return fresh

    def _missed(self, record: Record) -> list[float]:
        # While another process of it lives, nothing of it is missed.
        owners = owners_of(record)
        if record["paused"] is not None or not owners:
            return []
        since = record["since"]
        return [t for t in current(owners).missed(self._now()) if t > since]

    def _lives(self, name: str) -> bool:
        return not current(owners_of(self._record(name))).is_gone()

    def _report(self, record: Record) -> ScheduleReport:
        owners = owners_of(record)
        facts = current(owners)
        overdue = self._missed(record)
        paused, last = record["paused"], record["last"]
        host, pid = host_and_pid(facts.process)
        status = ScheduleStatus.ACTIVE
        if facts.ended:
            status = ScheduleStatus.STOPPED
        elif overdue:
            status = ScheduleStatus.MISSED
        elif facts.is_gone():
            status = ScheduleStatus.CRASHED
        elif paused is not None:
            status = ScheduleStatus.PAUSED
        missed = sorted({*record["missed"], *overdue})
        return ScheduleReport(
            record["name"],
            status,
            facts.what,
            facts.cron,
            facts.timezone,
            [moment_of(t) for t in facts.next if t > self._now() and not facts.ended],
            [moment_of(time) for time in missed],
            None if last is None else last_run(last, owners),
            None if paused is None else moment_of(paused),
            host,
            pid,
            moment_of(facts.beat),
            facts.triggers,
        )

    def _record(self, name: str) -> Record:
        record = self._storage.get(_key(name)).storage
        if not _is_record(record):
            raise ScheduleNotFound(name, [report.name for report in self.all()])
        found: Record = record
        return found

    def _change(
        self, name: str, change: Callable[[Record], None], make: bool = False
    ) -> None:
        while True:
            found = self._storage.get(_key(name))
            record: Record = {
                "name": name,
                "paused": None,
                "since": 0.0,
                "trigger": None,
                "last": None,
                "missed": [],
                "owners": {},
            }
            if _is_record(found.storage):
                record.update(found.storage)
                record["owners"] = dict(record["owners"])
            elif not make:
                self._record(name)  # which says that there is none
            change(record)
            new = Context.of_task(record, _NO_TASK, None, self._now())
            if self._storage.atomic_swap(_key(name), found, new):
                return


def can_keep_schedules(storage: Storage) -> bool:
    """Say whether other processes see the schedules of a storage."""
    kind = type(storage)
    return storage.persistent and all(
        getattr(kind, name) is not getattr(Storage, name) for name in _NEEDS
    )


def _key(name: str) -> str:
    return _PREFIX + quote_name(name)


def _is_record(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get("owners"))
