"""`History`: what a storage remembers of runs, for whoever looks at them later."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dotflow.abc.fact_tests import fact_tests
from dotflow.abc.history_query import FailureGroup as FailureGroup
from dotflow.abc.history_query import HistoryEvent as HistoryEvent
from dotflow.abc.history_query import HistoryQuery as HistoryQuery
from dotflow.abc.history_query import InvalidQuery as InvalidQuery
from dotflow.abc.history_query import QueryNotSupported as QueryNotSupported
from dotflow.abc.history_query import RunDuration as RunDuration
from dotflow.abc.history_query import RunFailure as RunFailure
from dotflow.abc.history_query import RunGlance as RunGlance
from dotflow.abc.history_query import RunPage as RunPage
from dotflow.abc.history_query import RunQuery as RunQuery
from dotflow.abc.history_query import RunSummary as RunSummary
from dotflow.abc.history_query import read_cursor
from dotflow.errors import StorageError
from dotflow.model.run_info import RunIdentity as RunIdentity
from dotflow.model.run_info import RunInfo as RunInfo  # noqa: TC001 - authors of a history take it from here

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from uuid import UUID

    from dotflow.model.artifact import Artifact
    from dotflow.model.events import EventBus
    from dotflow.report.model import RunReport, TaskReport

_MOST_NAMED = 5
FAILURES = frozenset({"TaskFailed", "ItemFailed"})
"""The names of the events that tell of a failure."""


class RunNotFound(StorageError, LookupError):
    """The history has no run of that id."""

    def __init__(self, run_id: str, where: str = "") -> None:
        super().__init__(
            f"There is no run {run_id!r}{f' in {where}' if where else ''}: it never was,"
            " or retention has removed it."
        )


class AmbiguousRun(StorageError, LookupError):
    """What was given of a run's id fits several runs."""

    def __init__(self, given: str, run_ids: Collection[str]) -> None:
        named = ", ".join(list(run_ids)[:_MOST_NAMED])
        more = ", …" if len(run_ids) > _MOST_NAMED else ""
        super().__init__(
            f"{given!r} may be any of several runs: {named}{more}. Give more of it."
        )


class Recorder(ABC):
    """Writes down one run. Its failures never fail the run."""

    @abstractmethod
    def connect(self, bus: EventBus) -> None:
        """Listen to the events of the run, before the first one."""


class History(ABC):
    """What a storage remembers of runs; `storage.history` of a storage that has one.

    Reading works from any process, also while a run goes on, changes nothing, and
    unpickles nothing.
    """

    capabilities: ClassVar[frozenset[HistoryQuery]] = frozenset()
    """What it can be asked beside runs by status, workflow and time; it refuses the rest
    with `QueryNotSupported`."""

    @abstractmethod
    def recorder(self, info: RunInfo) -> Recorder | None:
        """Return what writes a new run down; None where nothing is to be kept."""

    def runs(
        self,
        status: str | Collection[str] | None = None,
        workflow_id: UUID | str | None = None,
        since: datetime | None = None,
        limit: int | None = 100,
        *,
        workflow: str | None = None,
        text: str | None = None,
        error: str | None = None,
        until: datetime | None = None,
        parent: str | None = None,
        tags: str | Collection[str] = (),
        where: Mapping[str, Any] | str | Collection[str] | None = None,
        cursor: str | None = None,
    ) -> RunPage:
        """Return runs, newest first: a list, with the `cursor` of the next page.

        Args:
            status: Only those of this `WorkflowStatus`, or of one of several;
                `"Crashed"` among them.
            workflow_id: Only those of this workflow id.
            since: Only those that began then or later.
            limit: The most to return; None for all.
            workflow: Only those of this workflow, by its name or its id.
            text: Only those with an error whose message, or a parameter whose name and
                value, as `name=value`, contains this.
            error: Only those with an error of this class, by its name.
            until: Only those that began before then.
            parent: Only those that a step of this run has started.
            tags: Only those with this tag, or with all of several.
            where: Only those with facts like these: values by name, or texts such as
                `"rows>10"` and `"customer=acme"`, with = != < <= > >=.
            cursor: That of the page before this one.

        Raises:
            QueryNotSupported: This history cannot answer that.
            InvalidQuery: There is no such status, cursor or limit.
            InvalidFactTest: A text of `where` asks nothing.
        """
        return self.page(
            self._query(
                statuses=_several(status),
                workflow_id=None if workflow_id is None else str(workflow_id),
                workflow=workflow,
                text=text,
                error=error,
                since=_seconds(since),
                until=_seconds(until),
                parent=parent,
                tags=_several(tags),
                where=tuple(fact_tests(where)),
                before=None if cursor is None else read_cursor(cursor),
                limit=limit,
            )
        )

    def _query(self, *asked: HistoryQuery, **parts: Any) -> RunQuery:
        """Return a query, of which this history can answer every part.

        Raises:
            QueryNotSupported: It cannot.
        """
        query = RunQuery(**{name: part for name, part in parts.items() if part != ""})
        for need in (*asked, *query.needs):
            if need not in self.capabilities:
                raise QueryNotSupported(type(self).__name__, need)
        return query

    @abstractmethod
    def page(self, query: RunQuery) -> RunPage:
        """Return the runs that a checked query asks for; `runs` makes it.

        They come by when they began, newest first, and of those that began at once by
        their ids, greatest first.
        """

    def counts(
        self,
        *,
        workflow: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[str, int]:
        """Return how many runs there are of each status; those of none are missing.

        Args:
            workflow: Only those of this workflow, by its name or its id.
            since: Only those that began then or later.
            until: Only those that began before then.

        Raises:
            QueryNotSupported: This history cannot count.
        """
        return self.count(
            self._query(
                HistoryQuery.COUNTS,
                workflow=workflow,
                since=_seconds(since),
                until=_seconds(until),
            )
        )

    def durations(
        self,
        workflow: str,
        *,
        status: str | Collection[str] | None = "Completed",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = 1000,
    ) -> list[RunDuration]:
        """Return how long the runs of a workflow took, newest first.

        Args:
            workflow: Its name or its id.
            status: How they ended, or one of several; None for all that have.
            since: Only those that began then or later.
            until: Only those that began before then.
            limit: The most to return; None for all.

        Raises:
            QueryNotSupported: This history cannot tell.
        """
        return self.times(
            self._query(
                HistoryQuery.DURATIONS,
                workflow=workflow,
                statuses=_several(status),
                since=_seconds(since),
                until=_seconds(until),
                limit=limit,
            )
        )

    def failures(
        self,
        *,
        workflow: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = 100,
    ) -> list[FailureGroup]:
        """Return failures that look alike as one, the latest first.

        Args:
            workflow: Only those of this workflow.
            since: Only failures that came then or later.
            until: Only failures that came before then.
            limit: The most groups to return; None for all.

        Raises:
            QueryNotSupported: This history cannot group them.
        """
        return self.groups(
            self._query(
                HistoryQuery.FAILURES,
                workflow=workflow,
                since=_seconds(since),
                until=_seconds(until),
                limit=limit,
            )
        )

    def first_failures(self, run_ids: Collection[str]) -> dict[str, RunFailure]:
        """Return the first failure of each of these runs that has one.

        Args:
            run_ids: The runs; those that there are not are left out.
        """
        found = {}
        for run_id in run_ids:
            try:
                failed = self.events(run_id, limit=1, kinds=sorted(FAILURES))
            except RunNotFound:
                continue
            for event in failed:
                told = event.detail
                found[run_id] = RunFailure(
                    event.task or "",
                    told.get("exception", ""),
                    told.get("message", "")[:1000],
                )
        return found

    def workflows(self) -> list[str]:
        """Return what people call the workflows that have run, sorted."""
        found: set[str] = set()
        cursor = None
        while True:
            page = self.runs(limit=1000, cursor=cursor)
            found.update(run.workflow for run in page)
            cursor = page.cursor
            if cursor is None:
                return sorted(found - {""})

    def task(self, name: str, workflow: str, limit: int = 50) -> dict[str, TaskReport]:
        """Return how a task did in the last runs of a workflow, by run, newest first.

        Args:
            name: The task; runs that had none of that name are left out.
            workflow: What people call the workflow.
            limit: The most runs to look at.
        """
        runs = [run.run_id for run in self.runs(workflow=workflow, limit=limit)]
        return {
            run_id: task
            for run_id in runs
            for task in self.run(run_id).tasks
            if task.name == name
        }

    def glance(self, run_id: str) -> RunGlance:
        """Return where a run stands, for whoever looks again and again.

        Raises:
            RunNotFound: There is no such run.
        """
        report = self.run(run_id)
        events = self.events(run_id)
        host, pid = report.identity.host, report.identity.pid
        told: list[Any] = [report.run_id, report.workflow_id, report.name, report.mode]
        told += [report.status, report.started, report.finished, report.duration]
        told += [report.resumed_from, len(report.tasks), host, pid, report.identity]
        items = sum(
            (task.mapped.get("completed") or 0) + (task.mapped.get("failed") or 0)
            for task in report.tasks
            if task.mapped is not None
        )
        return RunGlance(RunSummary(*told), events[-1].seq if events else 0, items)

    def count(self, query: RunQuery) -> dict[str, int]:
        """Answer `counts`, where `capabilities` has `HistoryQuery.COUNTS`."""
        raise QueryNotSupported(type(self).__name__, HistoryQuery.COUNTS)

    def times(self, query: RunQuery) -> list[RunDuration]:
        """Answer `durations`, where `capabilities` has `HistoryQuery.DURATIONS`."""
        raise QueryNotSupported(type(self).__name__, HistoryQuery.DURATIONS)

    def groups(self, query: RunQuery) -> list[FailureGroup]:
        """Answer `failures`, where `capabilities` has `HistoryQuery.FAILURES`."""
        raise QueryNotSupported(type(self).__name__, HistoryQuery.FAILURES)

    @abstractmethod
    def ids(self, start: str = "", end: str = "", limit: int = 10) -> list[str]:
        """Return the ids of runs that begin and end so, sorted.

        Args:
            start: How they begin.
            end: How they end.
            limit: The most to return.
        """

    def find(self, given: str) -> str:
        """Return the id of the run of which somebody gave the beginning, or all of it.

        Args:
            given: The first characters, in capital or small letters, as many as tell it
                from the others.

        Raises:
            RunNotFound: There is none.
            AmbiguousRun: There are several.
        """
        text = given.strip().upper()
        found = self.ids(text) if text else []
        if text in found:
            return text
        if len(found) > 1:
            raise AmbiguousRun(given, found)
        if not found:
            raise RunNotFound(given)
        return found[0]

    @abstractmethod
    def run(self, run_id: str) -> RunReport:
        """Return all that is known of a run.

        Raises:
            RunNotFound: There is no such run.
        """

    @abstractmethod
    def events(
        self,
        run_id: str,
        after: int = 0,
        limit: int | None = None,
        *,
        kinds: Collection[str] | None = None,
        task: str | None = None,
    ) -> list[HistoryEvent]:
        """Return the events of a run in their order.

        Args:
            run_id: The run.
            after: The `seq` of the last event that is known already.
            limit: The most to return; None for all.
            kinds: Only events of these names; None for all.
            task: Only those of this task.

        Raises:
            RunNotFound: There is no such run.
        """

    def artifacts(self, run_id: str, *, task: str | None = None) -> list[Artifact]:
        """Return what the steps of a run have left to look at, in their order.

        Args:
            run_id: The run.
            task: Only those of this task.

        Raises:
            RunNotFound: There is no such run.
        """
        from dotflow.model.artifact import Artifact, read_value

        found: dict[Any, Artifact] = {}
        for event in self.events(run_id, kinds=("TaskArtifact",), task=task):
            detail = event.detail
            name, kind, of = detail["name"], detail["kind"], (event.task or "")
            key = (name, of, event.attempt, event.index)
            found.pop(key, None)  # the last of a name, in its place
            value, size, when = read_value(detail), detail["size"], event.time
            found[key] = Artifact(
                name, kind, value, size, of, event.attempt, event.index, when
            )
        return list(found.values())

    @abstractmethod
    def delete(self, run_id: str) -> bool:
        """Forget a run that does not go on; its checkpoints stay.

        Returns:
            Whether there was one.
        """

    @abstractmethod
    def prunable(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> list[RunSummary]:
        """Return the runs that `prune` would forget, newest first; nothing changes."""

    @abstractmethod
    def prune(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> int:
        """Forget runs, except those that go on.

        Args:
            keep: The number of newest runs that stay; None for all.
            older_than: The age in seconds from which on runs are forgotten; None for
                none.

        Returns:
            How many were forgotten.
        """

    def follow(
        self,
        run_id: str,
        after: int = 0,
        poll: float = 0.25,
        *,
        kinds: Collection[str] | None = None,
        task: str | None = None,
    ) -> Iterator[HistoryEvent]:
        """Yield the events of a run until it has ended, waiting for those to come.

        Args:
            run_id: The run.
            after: The `seq` of the last event that is known already.
            poll: Seconds between two looks.
            kinds: Only events of these names; None for all.
            task: Only those of this task.

        Raises:
            RunNotFound: There is no such run.
        """
        while True:
            # Asked first: what comes after the answer is read below.
            goes_on = self.goes_on(run_id)
            for event in self.events(run_id, after, kinds=kinds, task=task):
                after = event.seq
                yield event
            if not goes_on:
                return
            time.sleep(poll)

    @abstractmethod
    def goes_on(self, run_id: str) -> bool:
        """Say whether a run has neither ended nor died.

        Raises:
            RunNotFound: There is no such run.
        """


def _several(given: str | Collection[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    try:
        return moment.timestamp()
    except (OverflowError, ValueError, OSError):  # a local time near the first year
        raise InvalidQuery(f"{moment} is no time that runs have.") from None
