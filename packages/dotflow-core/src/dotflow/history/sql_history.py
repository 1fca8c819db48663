"""`SQLHistory`: the runs, attempts and events of a database, to read back."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from dotflow.abc.history import (
    HistoryQuery,
    RunGlance,
    RunNotFound,
    RunPage,
    RunQuery,
)
from dotflow.base.liveness import has_died
from dotflow.history.fold import UNTOLD, task_reports
from dotflow.history.rows import stored_text
from dotflow.history.sql_queries import (
    NO_LIMIT,
    SQLConnection,
    Where,
    count,
    first_failures,
    groups,
    page,
    summaries,
    task_rows,
    times,
    workflows,
)
from dotflow.history.sql_table import SQLTable, prunable
from dotflow.history.stored_run import RUN_COLUMNS, StoredRun
from dotflow.history.summaries import (
    COLUMNS,
    crash_of,
    kept,
    run_report,
    run_summary,
)
from dotflow.history.written import WrittenHistory
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from typing import Any

    from dotflow.abc.history import (
        FailureGroup,
        RunDuration,
        RunFailure,
        RunSummary,
    )
    from dotflow.history.rows import EventRow
    from dotflow.history.summaries import AskedEvents
    from dotflow.report.model import RunReport, TaskReport

_LAST = chr(0x10FFFF)


class SQLHistory(WrittenHistory[SQLTable]):
    """Reads the history of a database, and hands out what writes it."""

    capabilities = frozenset(HistoryQuery)

    @abstractmethod
    def reading(self) -> AbstractContextManager[SQLConnection]:
        """Begin a transaction that reads: all its statements see one state."""

    def page(self, query: RunQuery) -> RunPage:
        """Return the runs that a query asks for; see `History.page`."""
        with self.reading() as connection:
            return page(connection, query)

    def count(self, query: RunQuery) -> dict[str, int]:
        """Answer `counts`."""
        with self.reading() as connection:
            return count(connection, query)

    def times(self, query: RunQuery) -> list[RunDuration]:
        """Answer `durations`."""
        with self.reading() as connection:
            return times(connection, query)

    def groups(self, query: RunQuery) -> list[FailureGroup]:
        """Answer `failures`."""
        with self.reading() as connection:
            return groups(connection, query)

    def first_failures(self, run_ids: Collection[str]) -> dict[str, RunFailure]:
        """Return the first failure of each run; see `History.first_failures`."""
        with self.reading() as connection:
            return first_failures(connection, list(run_ids))

    def workflows(self) -> list[str]:
        """Return the workflows that have run; see `History.workflows`."""
        with self.reading() as connection:
            return workflows(connection)

    def task(self, name: str, workflow: str, limit: int = 50) -> dict[str, TaskReport]:
        """Return how a task did in the last runs of a workflow; see `History.task`."""
        runs = self.runs(workflow=workflow, limit=limit)
        with self.reading() as connection:
            rows = task_rows(connection, [run.run_id for run in runs], name)
        return {
            run.run_id: task
            for run in runs
            if run.run_id in rows
            for task in task_reports(*rows[run.run_id], crash_of(run))
            if task.name == name
        }

    def glance(self, run_id: str) -> RunGlance:
        """Return where a run stands; see `History.glance`."""
        with self.reading() as connection:
            *columns, number = self._row(connection, run_id, f"{COLUMNS}, id")
            (seq,) = connection.execute(
                "SELECT max(seq) FROM events WHERE run = ?", (number,)
            ).fetchone()
            (items,) = connection.execute(
                "SELECT sum(completed + failed) FROM maps WHERE run = ?", (number,)
            ).fetchone()
        return RunGlance(run_summary(columns), seq or 0, int(items or 0))

    def ids(self, start: str = "", end: str = "", limit: int = 10) -> list[str]:
        """Return the ids of runs that begin and end so; see `History.ids`."""
        start, end = stored_text(start), stored_text(end)
        where = Where("run_id >= ? AND run_id < ?", start, start + _LAST)
        if end:
            where.add("substr(run_id, length(run_id) - ?) = ?", len(end) - 1, end)
        with self.reading() as connection:
            rows = connection.execute(
                f"SELECT run_id FROM runs WHERE {where}"  # noqa: S608 - fixed texts
                " ORDER BY run_id LIMIT ?",
                (*where.values, limit),
            )
            return [run_id for (run_id,) in rows]

    def run(self, run_id: str) -> RunReport:
        """Return all that is known of a run; see `History.run`."""
        # One state of the file for all three: the run may go on meanwhile.
        with self.reading() as connection:
            row = self._row(connection, run_id, f"{COLUMNS}, metadata, graph, id")
            *columns, metadata, graph, number = row
            events = connection.execute(
                "SELECT * FROM events WHERE run = ? AND event NOT IN (?, ?) ORDER BY seq",
                (number, *UNTOLD),
            ).fetchall()
            counts = connection.execute(
                "SELECT * FROM maps WHERE run = ?", (number,)
            ).fetchall()
        return run_report(run_summary(columns), metadata, graph, events, counts)

    def stored(
        self, run_id: str, after: int = 0, limit: int | None = None
    ) -> StoredRun:
        """Return all that is kept of a run; see `WrittenHistory.stored`.

        Args:
            run_id: The run.
            after: The number of the last event that is known already.
            limit: The most events to return; None for all.
        """
        with self.reading() as connection:
            row = self._row(connection, run_id, f"{', '.join(RUN_COLUMNS)}, id")
            *columns, number = row
            events = connection.execute(
                "SELECT * FROM events WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
                (number, after, NO_LIMIT if limit is None else limit),
            ).fetchall()
            maps = connection.execute("SELECT * FROM maps WHERE run = ?", (number,))
            return StoredRun(
                dict(zip(RUN_COLUMNS, columns, strict=True)),
                [tuple(event[1:]) for event in events],
                {task: list(counts) for _, task, *counts in maps},
            )

    def restore(self, run: StoredRun) -> bool:
        """Keep a run of another history; see `WrittenHistory.restore`."""
        return self.table.restore(run)

    def event_rows(self, run_id: str, asked: AskedEvents) -> list[EventRow]:
        """Return rows of a run; see `WrittenHistory.event_rows`."""
        with self.reading() as connection:
            (number,) = self._row(connection, run_id, "id")
            where = Where("run = ? AND seq > ?", number, asked.after)
            if (kinds := asked.kinds) is not None:
                # One row may tell of a beginning and an end.
                named = [*kinds, *(["TaskCompleted"] if "TaskStarted" in kinds else [])]
                where.add(f"event IN ({', '.join('?' * len(named)) or 'NULL'})", *named)
            if asked.task is not None:
                where.add("task = ?", asked.task)
            limit = NO_LIMIT if kinds is not None else asked.limit
            rows: list[EventRow] = connection.execute(
                f"SELECT * FROM events WHERE {where} ORDER BY seq LIMIT ?",  # noqa: S608 - what is put in are names of ours; values are bound
                (*where.values, NO_LIMIT if limit is None else limit),
            ).fetchall()
            return rows

    def goes_on(self, run_id: str) -> bool:
        """Say whether a run has neither ended nor died; see `History.goes_on`."""
        with self.reading() as connection:
            row = self._row(connection, run_id, COLUMNS)
        return run_summary(row).status == WorkflowStatus.IN_PROGRESS

    def _row(self, connection: SQLConnection, run_id: str, columns: str) -> Any:
        """Return what is written of a run.

        Raises:
            RunNotFound: There is no such run.
        """
        row = connection.execute(
            f"SELECT {columns} FROM runs WHERE run_id = ?",  # noqa: S608 - fixed texts
            (stored_text(run_id),),
        ).fetchone()
        if row is None:
            raise RunNotFound(run_id, self.place)
        return row

    def delete(self, run_id: str) -> bool:
        """Forget a run that does not go on; see `History.delete`."""
        with self.table.transaction() as connection:
            row = connection.execute(
                "SELECT id, finished, process, heartbeat FROM runs WHERE run_id = ?",
                (stored_text(run_id),),
            ).fetchone()
            if row is None or (row[1] is None and not has_died(*row[2:])):
                return False
            self.table.delete(connection, [row[0]])
            return True

    def prunable(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> list[RunSummary]:
        """Return what `prune` would forget; see `History.prunable`."""
        with self.reading() as connection:
            doomed = prunable(connection, *kept(keep, older_than))
            return [run for number, run in summaries(connection) if number in doomed]

    def prune(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> int:
        """Forget runs, except those that go on; see `History.prune`."""
        with self.table.transaction() as connection:
            return self.table.prune(connection, *kept(keep, older_than))
