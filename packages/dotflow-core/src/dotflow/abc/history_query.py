"""What can be asked of a history, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Any

from dotflow.errors import DotflowError, StorageError
from dotflow.model.run_info import RunIdentity
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from dotflow.abc.fact_tests import FactTest


_STATUSES = [status for name, status in vars(WorkflowStatus).items() if name.isupper()]


class HistoryQuery(StrEnum):
    """What not every history can answer; see `History.capabilities`.

    Each can list runs newest first, by status, workflow and time, in pages.
    """

    TEXT = "text"
    ERROR = "error"
    PARENT = "parent"
    TAGS = "tags"
    FACTS = "where"
    COUNTS = "counts"
    DURATIONS = "durations"
    FAILURES = "failures"


class QueryNotSupported(StorageError, NotImplementedError):
    """A history was asked for what it cannot answer; an empty answer would be a lie."""

    def __init__(self, history: str, query: HistoryQuery) -> None:
        super().__init__(
            f"{history} cannot answer {query.value!r}: {_WHAT[query]} needs a database."
            " Keep the history in StorageSQLite or StoragePostgres, or bring it there"
            " with `dotflow history import`."
        )
        self.query = query


class InvalidQuery(DotflowError, ValueError):
    """What a history was asked is no question: an empty answer would be a lie."""


_WHAT = {
    HistoryQuery.TEXT: "to search the messages of errors",
    HistoryQuery.ERROR: "to search by the class of errors",
    HistoryQuery.PARENT: "to list the runs that a run has started",
    HistoryQuery.TAGS: "to list runs by their tags",
    HistoryQuery.FACTS: "to list runs by their facts",
    HistoryQuery.COUNTS: "to count runs",
    HistoryQuery.DURATIONS: "to list how long runs took",
    HistoryQuery.FAILURES: "to group failures",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs are asked for; each part narrows the others, None or empty does not.

    Args:
        statuses: Of one of these statuses, `"Crashed"` among them.
        workflow_id: Of this workflow id.
        workflow: Of this workflow, by its name or by its id.
        text: With an error whose message contains this, whatever the case.
        error: With an error of this class, by its name.
        since: Begun then or later, in seconds since the epoch.
        until: Begun before then.
        parent: Started by a step of this run.
        tags: With all of these tags.
        where: With facts of which all of this is true.
        before: Older than this: when it began, and its id.
        limit: The most to return; None for all.
    """

    statuses: tuple[str, ...] = ()
    workflow_id: str | None = None
    workflow: str | None = None
    text: str | None = None
    error: str | None = None
    since: float | None = None
    until: float | None = None
    parent: str | None = None
    tags: tuple[str, ...] = ()
    where: tuple[FactTest, ...] = ()
    before: tuple[float, str] | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        unknown = set(self.statuses).difference(_STATUSES)
        if unknown:
            raise InvalidQuery(
                f"There is no status {min(map(repr, unknown))}: a run is one of"
                f" {', '.join(_STATUSES)}."
            )
        if self.limit is not None and self.limit < 0:
            raise InvalidQuery(
                f"limit={self.limit} is none: give 0 or more, or None for all."
            )

    @property
    def needs(self) -> list[HistoryQuery]:
        """What a history must be able to answer for this query."""
        return [query for query in HistoryQuery if getattr(self, query.value, None)]


@dataclass(slots=True)
class RunSummary:
    """A run in a listing; what is not told here is as of a `RunReport`.

    Args:
        tasks: How many tasks it had when it began.
        host: The machine it ran on.
        pid: The process it ran in.
        identity: Of what it is, and how, where and by whom it was started.
    """

    run_id: str
    workflow_id: str | None
    name: str | None
    mode: str
    status: str
    started: datetime
    finished: datetime | None
    duration: float | None
    resumed_from: str | None
    tasks: int
    host: str
    pid: int
    identity: RunIdentity = field(default_factory=RunIdentity)

    @property
    def workflow(self) -> str:
        """What people call its workflow."""
        # Without a name it was called as its host, before runs had an identity.
        name = None if self.name == self.host else self.name
        return self.identity.workflow or name or self.workflow_id or ""


class RunPage(list[RunSummary]):
    """Runs, newest first, and where to go on.

    Attributes:
        cursor: For the next `runs(cursor=…)`; None where there are no more.
    """

    cursor: str | None = None

    @classmethod
    def cut(
        cls,
        runs: list[RunSummary],
        limit: int | None,
        places: Sequence[tuple[float, str]] = (),
    ) -> RunPage:
        """Return the first runs, with a cursor if there are more.

        Args:
            runs: At least one more than `limit`, if there are.
            limit: The most to return; None for all.
            places: What to compare with to find those after each of them, as of
                `RunQuery.before`; by default its time and its id.
        """
        page = cls(runs if limit is None else runs[:limit])
        if len(page) < len(runs) and page:
            last = page[-1]
            moment, run_id = (
                places[len(page) - 1]
                if places
                else (last.started.timestamp(), last.run_id)
            )
            page.cursor = f"{moment!r}:{run_id}"
        return page

    def __repr__(self) -> str:
        from dotflow.report.text import table

        if not self:
            return "No runs."
        more = "" if self.cursor is None else "\nThere are more: see .cursor"
        return f"{table(_COLUMNS, map(_cells, self))}{more}"

    def _repr_html_(self) -> str:
        from dotflow.report.html import table

        return table(_COLUMNS, map(_cells, self), states="Status")


_COLUMNS = ("Run", "Workflow", "Status", "Started", "Time", "Tasks", "Mode")


def _cells(run: RunSummary) -> tuple[str, ...]:
    from dotflow.report.gantt import seconds_text

    return (
        run.run_id,
        run.workflow,
        run.status,
        f"{run.started.astimezone():%Y-%m-%d %H:%M:%S}",
        "" if run.duration is None else seconds_text(run.duration),
        str(run.tasks),
        run.mode,
    )


def read_cursor(cursor: str) -> tuple[float, str]:
    """Return what a cursor stands for; see `RunQuery.before`.

    Raises:
        InvalidQuery: It is none that a page gave.
    """
    moment, _, run_id = cursor.partition(":")
    try:
        if run_id and isfinite(float(moment)):
            return float(moment), run_id
    except ValueError:
        pass
    raise InvalidQuery(f"cursor={cursor!r} is none: give `.cursor` of a page of runs.")


@dataclass(slots=True)
class HistoryEvent:
    """Something that happened in a run.

    Args:
        seq: Its number in the run, from 1, without gaps.
        time: When, with a time zone.
        event: The name of its class in `dotflow.model.events`.
        task: The name of the task; None for an event of the whole run.
        attempt: The attempt of the task, or of the item; None where it has to do with
            none.
        detail: What else is known: an error, a reason, a delay, the type of a result.
        index: Of which item of a mapped task, from 0; None for the task itself. Only
            the first 100 failures and retries of a map are told one by one.
    """

    seq: int
    time: datetime
    event: str
    task: str | None
    attempt: int | None
    detail: dict[str, Any]
    index: int | None = None


@dataclass(slots=True)
class RunDuration:
    """How long one run took.

    Args:
        run_id: The run.
        started: When it began, with a time zone.
        duration: In seconds.
        status: How it ended.
    """

    run_id: str
    started: datetime
    duration: float
    status: str


@dataclass(slots=True)
class RunFailure:
    """The first failure of a run.

    Args:
        task: The task that failed.
        error: The name of the exception's class.
        message: The first 1,000 characters of its message.
    """

    task: str
    error: str
    message: str


@dataclass(slots=True)
class RunGlance:
    """Where a run stands: what is the same has not changed.

    Args:
        run: The run, as in a listing.
        seq: The number of its last event; 0 before the first.
        items: How many items of its mapped tasks have ended.
    """

    run: RunSummary
    seq: int
    items: int = 0


@dataclass(slots=True)
class FailureGroup:
    """Failures that look like one.

    Args:
        workflow: What people call the workflow.
        task: The task that failed.
        error: The name of the exception's class.
        shape: The first line of the message, without what differs from one to the next:
            numbers, ids, quoted texts and paths are `…`.
        count: How many there are.
        first: When the first of them came, with a time zone.
        last: When the last came.
        run_id: The run of the last one.
        message: Its message.
    """

    workflow: str
    task: str
    error: str
    shape: str
    count: int
    first: datetime
    last: datetime
    run_id: str
    message: str
