"""`SQLiteHistory`: the runs, attempts and events of a database, to read back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dotflow.abc.history import History, HistoryEvent, Recorder, RunNotFound, RunSummary
from dotflow.base.liveness import has_died, host_and_pid
from dotflow.history.fold import task_reports
from dotflow.history.rows import expand
from dotflow.providers.storage_sqlite.database import Database
from dotflow.providers.storage_sqlite.run_table import RunTable
from dotflow.report.build import moment
from dotflow.report.model import RunReport
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.history.journal import Journal
    from dotflow.history.rows import EventRow
    from dotflow.model.run_info import RunInfo
    from dotflow.providers.storage_sqlite.retention import Retention

# A history that cannot be written soon is given up, rather than hold up the run.
_TIMEOUT = 5.0
_COLUMNS = (
    "run_id, workflow_id, name, mode, status, started, finished, duration,"
    " resumed_from, tasks, process, heartbeat"
)
_NO_LIMIT = -1


class SQLiteHistory(History):
    """Reads the history of a database, and hands out what writes it.

    Args:
        database: The database of the storage.
        retention: How much is kept.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        # Connections of its own: a history need not survive a power cut, and what is
        # not waited for costs a fraction.
        level = "OFF" if database.synchronous == "OFF" else "NORMAL"
        timeout = min(database.timeout, _TIMEOUT)
        self._database = Database(database.path, level, timeout)
        self._retention = retention
        self._table = RunTable(self._database, retention)
        self._journal: Journal | None = None

    def recorder(self, info: RunInfo) -> Recorder | None:
        """Return what writes a new run down; see `History.recorder`."""
        if self._retention.keep_runs == 0:
            return None
        from dotflow.history.journal import Journal
        from dotflow.history.recorder import EventRecorder

        if self._journal is None:
            self._journal = Journal(self._table)
        name = f"The history in {self._database.path}"
        return EventRecorder(info, self._journal, name)

    def runs(
        self,
        status: str | None = None,
        workflow_id: UUID | str | None = None,
        since: datetime | None = None,
        limit: int | None = 100,
    ) -> list[RunSummary]:
        """Return runs, newest first; see `History.runs`."""
        where, parameters = ["1"], []
        if workflow_id is not None:
            where.append("workflow_id = ?")
            parameters.append(str(workflow_id))
        if since is not None:
            where.append("started >= ?")
            parameters.append(since.timestamp())  # type: ignore[arg-type]
        if status == WorkflowStatus.CRASHED:
            where.append("finished IS NULL")
        elif status is not None:
            where.append("status = ?")
            parameters.append(status)
        # Whether a run has crashed is only known once its process was looked for.
        open_ones = status in (WorkflowStatus.CRASHED, WorkflowStatus.IN_PROGRESS)
        bound = _NO_LIMIT if limit is None or open_ones else limit
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM runs"  # noqa: S608 - fixed texts
            f" WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?",
            (*parameters, bound),
        )
        found = [_summary(row) for row in rows]
        if open_ones:
            found = [run for run in found if run.status == status]
        return found[:limit]

    def run(self, run_id: str) -> RunReport:
        """Return all that is known of a run; see `History.run`."""
        # One state of the file for all three: the run may go on meanwhile.
        with self._database.transaction(write=False) as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS}, metadata, graph, id"  # noqa: S608 - fixed texts
                " FROM runs WHERE run_id = ?",
                (run_id,),
            ).fetchone()
            if row is None:
                raise RunNotFound(run_id, self._database.path)
            *columns, metadata, graph, number = row
            events = connection.execute(
                "SELECT * FROM events WHERE run = ? ORDER BY seq", (number,)
            ).fetchall()
            counts = connection.execute(
                "SELECT * FROM maps WHERE run = ?", (number,)
            ).fetchall()
        summary = _summary(columns)
        crashed = ""
        if summary.status == WorkflowStatus.CRASHED:
            crashed = (
                f"The process of the run ({summary.pid} on {summary.host}) has died."
            )
        return RunReport(
            run_id=summary.run_id,
            workflow_id=summary.workflow_id,
            name=summary.name,
            mode=summary.mode,
            status=summary.status,
            started=summary.started,
            finished=summary.finished,
            duration=summary.duration,
            resumed_from=summary.resumed_from,
            metadata=json.loads(metadata),
            tasks=task_reports(graph, events, counts, crashed),
        )

    def events(
        self, run_id: str, after: int = 0, limit: int | None = None
    ) -> list[HistoryEvent]:
        """Return the events of a run in their order; see `History.events`."""
        rows = self._database.execute(
            "SELECT * FROM events WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?",
            (self._number(run_id), after, _NO_LIMIT if limit is None else limit),
        )
        found = [_event(row) for row in expand(rows) if row[1] > after]
        return found[:limit]

    def goes_on(self, run_id: str) -> bool:
        """Say whether a run has neither ended nor died; see `History.goes_on`."""
        rows = self._database.execute(
            f"SELECT {_COLUMNS} FROM runs WHERE run_id = ?",  # noqa: S608 - fixed texts
            (run_id,),
        )
        if not rows:
            raise RunNotFound(run_id, self._database.path)
        return _summary(rows[0]).status == WorkflowStatus.IN_PROGRESS

    def delete(self, run_id: str) -> bool:
        """Forget a run that does not go on; see `History.delete`."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT id, finished, process, heartbeat FROM runs WHERE run_id = ?",
                (run_id,),
            ).fetchone()
            if row is None or (row[1] is None and not has_died(*row[2:])):
                return False
            self._table.delete(connection, [row[0]])
            return True

    def prune(
        self, keep: int | None = None, older_than: timedelta | float | None = None
    ) -> int:
        """Forget runs, except those that go on; see `History.prune`."""
        seconds = (
            older_than.total_seconds()
            if isinstance(older_than, timedelta)
            else older_than
        )
        with self._database.transaction() as connection:
            return self._table.prune(connection, keep, seconds)

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        if self._journal is not None:
            # It writes what waits, for which the connections have to be open.
            self._journal.pause()
        self._database.close()

    def _number(self, run_id: str) -> int:
        rows = self._database.execute("SELECT id FROM runs WHERE run_id = ?", (run_id,))
        if not rows:
            raise RunNotFound(run_id, self._database.path)
        number: int = rows[0][0]
        return number


def _moment(seconds: float) -> datetime:
    found = moment(seconds)
    assert found is not None
    return found


def _event(row: EventRow) -> HistoryEvent:
    _, seq, when, event, task, attempt, text, _ = row
    detail = json.loads(text) if text else {}
    index = detail.pop("index", None)
    if index is not None:
        attempt = detail.pop("attempt", None)
        detail.pop("began", None)
    return HistoryEvent(seq, _moment(when), event, task, attempt, detail, index)


def _summary(row: Any) -> RunSummary:
    # The columns come in the order of a summary, but for the process at their end.
    *named, status, started, finished = row[:7]
    *rest, process, heartbeat = row[7:]
    if finished is None and has_died(process, heartbeat):
        status = WorkflowStatus.CRASHED
    times = _moment(started), moment(finished)
    told: Any = (*named, status, *times, *rest, *host_and_pid(process))
    return RunSummary(*told)
