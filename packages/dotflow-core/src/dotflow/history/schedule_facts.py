"""What a storage holds of a schedule, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dotflow.base.liveness import has_died
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = dict[str, Any]

# How late a tick may be before it counts as missed where the process lives.
GRACE_SECONDS = 60.0


@dataclass(slots=True)
class ScheduledRun:
    """What became of the last tick that has begun a run.

    Args:
        status: A `WorkflowStatus`; `"In progress"` while it goes on, `"Crashed"` where
            its process is gone.
        started: When it began.
        finished: When it ended; None before.
        run_id: Its id, where it came to have one.
        error: What kept it from being a run at all; `""` if nothing did.
    """

    status: str
    started: datetime
    finished: datetime | None = None
    run_id: str | None = None
    error: str = ""


@dataclass(slots=True)
class ScheduleReport:
    """A schedule, as any process sees it.

    Args:
        name: Its name.
        status: A `ScheduleStatus`.
        what: What it runs.
        cron: Its expression; None where its scheduler has none.
        timezone: The zone of its times; None for that of its machine.
        next_times: The times at which runs are due, as far as they were noted.
        missed: The times that have passed without a run, newest last.
        last: The last run; None before the first.
        paused: Since when it is paused; None where it is not.
        host: The machine of its process.
        pid: The process.
        heartbeat: When that was last heard of.
        triggers: Whether it can be asked to run at once.
    """

    name: str
    status: str
    what: str
    cron: str | None
    timezone: str | None
    next_times: list[datetime]
    missed: list[datetime]
    last: ScheduledRun | None
    paused: datetime | None
    host: str
    pid: int
    heartbeat: datetime
    triggers: bool


@dataclass(slots=True)
class ScheduleFacts:
    """What the process of a schedule says of it.

    Args:
        process: Its `process_token`.
        what, cron, timezone, triggers: As of a `ScheduleReport`.
        next: The times at which runs are due, in seconds since the epoch.
        late: By how many seconds a run may begin late.
        running: How many of its runs go on.
        beat: When it was last heard of.
        ended: Whether it has ended in good order.
    """

    process: str
    what: str
    cron: str | None = None
    timezone: str | None = None
    triggers: bool = False
    next: list[float] = field(default_factory=list)
    late: float = 0.0
    running: int = 0
    beat: float = 0.0
    ended: bool = False

    def is_gone(self) -> bool:
        """Say whether nobody begins runs for it any more."""
        return self.ended or has_died(self.process, self.beat)

    def missed(self, now: float) -> list[float]:
        """Return the times that have passed without a run."""
        if self.ended or (self.running and not self.is_gone()):
            return []
        grace = 0.0 if self.is_gone() else self.late + GRACE_SECONDS
        return [moment for moment in self.next if moment + grace < now]


def moment_of(seconds: float) -> datetime:
    """Return a time in seconds since the epoch as one with a zone."""
    return datetime.fromtimestamp(seconds, UTC)


def packed(facts: ScheduleFacts) -> Record:
    """Return facts as JSON can hold them."""
    return {name: getattr(facts, name) for name in ScheduleFacts.__slots__}


def owners_of(record: Record) -> dict[str, ScheduleFacts]:
    """Return what each process that runs a schedule says of it."""
    # What a later version adds is not for this one.
    known = ScheduleFacts.__slots__
    return {
        owner: ScheduleFacts(**{k: v for k, v in facts.items() if k in known})
        for owner, facts in record["owners"].items()
    }


def current(owners: Mapping[str, ScheduleFacts]) -> ScheduleFacts:
    """Return what the process says that counts: one that lives, heard of last."""
    return max(owners.values(), key=lambda facts: (not facts.is_gone(), facts.beat))


def last_run(
    last: Mapping[str, Any], owners: Mapping[str, ScheduleFacts]
) -> ScheduledRun:
    """Return the last run of a schedule, and whether its process is gone."""
    finished, owner = last.get("finished"), owners.get(last.get("owner", ""))
    gone = finished is None and (owner is None or owner.is_gone())
    return ScheduledRun(
        WorkflowStatus.CRASHED if gone else last["status"],
        moment_of(last["started"]),
        None if finished is None else moment_of(finished),
        last.get("run_id"),
        last.get("error") or "",
    )
