"""`RecordHistory`: the history of a store that knows names and no queries."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from dotflow.abc.fact_tests import FactTest
from dotflow.abc.history import (
    HistoryQuery,
    RunDuration,
    RunNotFound,
    RunPage,
)
from dotflow.abc.retention import HeldHistory
from dotflow.base.at_once import in_threads
from dotflow.errors import DecodeError, StorageError
from dotflow.history.failures import TAG
from dotflow.history.record_table import (
    GRAPH,
    RUN,
    RecordTable,
    began,
    died,
    id_of,
    read_run,
    run_name,
    segment_name,
)
from dotflow.history.records import StorageRecords
from dotflow.history.stored_run import RUN_COLUMNS, StoredRun
from dotflow.history.summaries import (
    COLUMNS,
    kept,
    run_report,
    run_summary,
)
from dotflow.history.written import PACE, WrittenHistory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from dotflow.abc.history import RunQuery, RunSummary
    from dotflow.abc.retention import Retention
    from dotflow.abc.storage import Storage
    from dotflow.history.records import Record, Records
    from dotflow.history.rows import EventRow
    from dotflow.history.summaries import AskedEvents
    from dotflow.report.model import RunReport

_COLUMNS = COLUMNS.split(", ")
_REMEMBERED = 10_000
_AT_ONCE = 32


class RecordHistory(WrittenHistory[RecordTable]):
    """Reads runs that were written as records, and hands out what writes them.

    A listing reads the record of each run, newest first, until it has enough. Those of
    runs that have ended are read once.

    Args:
        records: Where they are.
        retention: How much is kept.
        pace: Every how many seconds a run that goes on is written.
    """

    capabilities = frozenset(
        {
            HistoryQuery.ERROR,
            HistoryQuery.PARENT,
            HistoryQuery.TAGS,
            HistoryQuery.FACTS,
            HistoryQuery.COUNTS,
            HistoryQuery.DURATIONS,
        }
    )

    def __init__(
        self, records: Records, retention: Retention, pace: float = PACE
    ) -> None:
        table = RecordTable(records, retention)
        super().__init__(records.place, table, retention, pace)
        self._records = records
        # The name of each run's record, by its id; and what does not change any more.
        self._names: dict[str, str] = {}
        self._ended: dict[str, Record] = {}

    def page(self, query: RunQuery) -> RunPage:
        """Return the runs that a query asks for; see `History.page`."""
        found: list[RunSummary] = []
        places: list[tuple[float, str]] = []
        for name, told in self._matching(query):
            found.append(told)
            places.append((began(name), told.run_id))
            if query.limit is not None and len(found) > query.limit:
                break
        return RunPage.cut(found, query.limit, places)

    def count(self, query: RunQuery) -> dict[str, int]:
        """Answer `counts`."""
        counts: dict[str, int] = {}
        for _, told in self._matching(query):
            counts[told.status] = counts.get(told.status, 0) + 1
        return counts

    def times(self, query: RunQuery) -> list[RunDuration]:
        """Answer `durations`."""
        found = []
        for _, told in self._matching(query):
            if told.duration is not None and told.finished is not None:
                found.append(
                    RunDuration(told.run_id, told.started, told.duration, told.status)
                )
                if len(found) == query.limit:
                    break
        return found

    def ids(self, start: str = "", end: str = "", limit: int = 10) -> list[str]:
        """Return the ids of runs that begin and end so; see `History.ids`."""
        ids = sorted(map(id_of, self._records.names(RUN)))
        return [one for one in ids if one.startswith(start) and one.endswith(end)][
            :limit
        ]

    def run(self, run_id: str) -> RunReport:
        """Return all that is known of a run; see `History.run`."""
        record, rows = self._read(run_id)
        self._add_graph(record)
        told = record["run"]
        counts = [(0, task, *numbers) for task, numbers in record["maps"].items()]
        return run_report(
            _summary(record), told["metadata"], told["graph"], rows, counts
        )

    def stored(self, run_id: str) -> StoredRun:
        """Return all that is kept of a run; see `WrittenHistory.stored`."""
        record, rows = self._read(run_id)
        self._add_graph(record)
        told = {**record["run"], **record}
        columns = {name: told[name] for name in RUN_COLUMNS}
        return StoredRun(columns, [row[1:] for row in rows], record["maps"])

    def restore(self, run: StoredRun) -> bool:
        """Keep a run of another history; see `WrittenHistory.restore`."""
        try:
            self._record(self._name(run.columns["run_id"]))
        except RunNotFound:
            self.table.restore(run)
            return True
        return False

    def event_rows(self, run_id: str, asked: AskedEvents) -> list[EventRow]:
        """Return rows of a run; see `WrittenHistory.event_rows`."""
        _, rows = self._read(run_id, asked.after)
        return rows

    def goes_on(self, run_id: str) -> bool:
        """Say whether a run has neither ended nor died; see `History.goes_on`."""
        record = self._record(self._name(run_id))
        return record["finished"] is None and not died(record)

    def delete(self, run_id: str) -> bool:
        """Forget a run that does not go on; see `History.delete`."""
        try:
            name = self._name(run_id)
            if self.goes_on(run_id):
                return False
        except RunNotFound:
            return False
        except DecodeError:
            pass  # of no use to anybody
        return self.table.remove(name)

    def prunable(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> list[RunSummary]:
        """Return what `prune` would forget; see `History.prunable`."""
        names = self.table.doomed(*kept(keep, older_than))
        records = map(self._head, names)
        return [_summary(record) for record in records if record is not None]

    def prune(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> int:
        """Forget runs, except those that go on; see `History.prune`."""
        return self.table.prune(*kept(keep, older_than))

    def _matching(self, query: RunQuery) -> Iterator[tuple[str, RunSummary]]:
        """Yield the runs that fit a query with their names, newest first."""
        low = run_name(query.since or 0.0, "")
        high = None if query.until is None else run_name(query.until, "")
        before = None if query.before is None else run_name(*query.before)
        names = [
            name
            for name in reversed(self._records.names(RUN))
            if name >= low
            and (high is None or name < high)
            and (before is None or name < before)
        ]
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            records = in_threads(self._head, some) if self._records.slow else None
            for name, record in zip(
                some, records or map(self._head, some), strict=True
            ):
                if record is not None and _fits(record, query):
                    told = _summary(record)
                    if not query.statuses or told.status in query.statuses:
                        yield name, told

    def _head(self, name: str) -> Record | None:
        """Return what is known of a run beside its events; None where it is unreadable."""
        known = self._ended.get(name)
        if known is not None:
            return known
        try:
            record = read_run(self._records, name)
            if record is None:
                return None
        except DecodeError as error:
            # The others are to be found all the same.
            from dotflow.logging import warn

            warn("A run is not listed: %s", error)
            return None
        record["rows"] = []
        if record["finished"] is not None:
            if len(self._ended) >= _REMEMBERED:
                self._ended.clear()
            self._ended[name] = record
        return record

    def _name(self, run_id: str) -> str:
        name = self._names.get(run_id)
        if name is None:
            if len(self._names) >= _REMEMBERED:
                self._names.clear()
            self._names.update((id_of(one), one) for one in self._records.names(RUN))
            name = self._names.get(run_id)
        if name is None:
            raise RunNotFound(run_id, self.place)
        return name

    def _record(self, name: str) -> Record:
        record = read_run(self._records, name)
        if record is None:
            raise RunNotFound(id_of(name), self.place)
        return record

    def _read(self, run_id: str, after: int = 0) -> tuple[Record, list[EventRow]]:
        """Return the record of a run, and its events after one of them."""
        name = self._name(run_id)
        record = self._record(name)
        found: list[Any] = []
        ends = record["segments"]
        for number in range(bisect_right(ends, after), len(ends)):
            found += self._segment(name, number)["rows"]
        found += record["rows"]
        return record, [(0, *row) for row in found]

    def _add_graph(self, record: Record) -> None:
        told = record["run"]
        if told["graph"] is None:
            name = self._name(told["run_id"])
            told["graph"] = self._segment(name, GRAPH)["graph"]

    def _segment(self, name: str, number: int | str) -> Record:
        segment = self._records.get(segment_name(name, number))
        if segment is None:
            self._record(name)  # it may have been forgotten meanwhile
            raise StorageError(
                f"The run {id_of(name)} in {self.place} has lost a part: delete it, or"
                " restore what was removed."
            )
        return segment


def kept_history(
    storage: Storage, records: Records, pace: float = PACE
) -> RecordHistory:
    """Return the history that a storage keeps as records, the same one each time.

    Args:
        storage: The storage.
        records: Where they are.
        pace: Every how many seconds a run that goes on is written.
    """
    held = storage.__dict__.setdefault("_history", HeldHistory())
    if held.history is None:
        held.history = RecordHistory(records, storage.retention, pace)
    history: RecordHistory = held.history
    return history


def own_history(storage: Storage) -> RecordHistory:
    """Return the history that a storage keeps among what else it holds.

    Args:
        storage: The storage; it can list and delete what it holds.
    """
    return kept_history(storage, StorageRecords(storage))


def _summary(record: Record) -> RunSummary:
    return run_summary([{**record["run"], **record}[name] for name in _COLUMNS])


def _fits(record: Record, query: RunQuery) -> bool:
    """Say whether a run is one that a query asks for, but for status and time."""
    told = record["run"]
    if query.workflow_id is not None and told["workflow_id"] != query.workflow_id:
        return False
    workflow = (told["workflow"], told["workflow_id"])
    if query.workflow is not None and query.workflow not in workflow:
        return False
    if query.parent is not None and told["parent"] != query.parent:
        return False
    if query.error is not None and query.error not in record["errors"]:
        return False
    facts = record["facts"]
    wanted = [FactTest(TAG, "=", tag) for tag in query.tags]
    return all(
        any(name == test.name and test.holds(*value) for name, *value in facts)
        for test in [*wanted, *query.where]
    )
