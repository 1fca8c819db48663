"""`SQLTable`: what is written of a run to a database, and what retention removes again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dotflow.base.liveness import has_died
from dotflow.history.failures import INDEXED, fact_rows, failure_rows, given_rows
from dotflow.history.rows import (
    CountsRows,
    EndRows,
    EventRow,
    EventRows,
    begin_columns,
)
from dotflow.history.sql_queries import NO_LIMIT, SQLConnection

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from dotflow.abc.retention import Retention
    from dotflow.history.stored_run import StoredRun
    from dotflow.model.run_info import RunInfo


_FINISH = "UPDATE runs SET status = ?, finished = ?, duration = ? WHERE id = ?"
# What is written again, since nobody knows whether it was, is there once.
_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_COUNTS = """
    INSERT INTO maps VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, task) DO UPDATE SET
        completed = excluded.completed,
        failed = excluded.failed,
        restored = excluded.restored,
        retried = excluded.retried,
        total = excluded.total
"""
_FAILURE = """
    INSERT INTO failures (run, seq, time, workflow, task, error, shape, message)
    SELECT id, ?, ?, workflow, ?, ?, ?, ? FROM runs WHERE id = ? ON CONFLICT DO NOTHING
"""
_FACT = "INSERT INTO facts VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_FORMER_FACT = "DELETE FROM facts WHERE run = ? AND name = ?"
_HEARD = "UPDATE runs SET heartbeat = ? WHERE id = ?"
_TABLES = ("events", "maps", "failures", "facts")


class SQLTable:
    """Writes runs and their events; each method is one transaction.

    Attributes:
        retention: How much is kept.
        transaction: Begins a transaction that writes.
    """

    retention: Retention
    transaction: Callable[[], AbstractContextManager[SQLConnection]]

    def insert(self, connection: SQLConnection, statement: str, row: Any) -> int:
        """Run a statement that inserts a run, and return its number."""
        number: int = connection.execute(statement, row).lastrowid
        return number

    def begin(self, info: RunInfo) -> int:
        """Write that a run begins, and return its number."""
        given = bool(info.identity.tags or info.identity.params)
        with self.transaction() as connection:
            return self._begin(connection, begin_columns(info), given)

    def _begin(
        self, connection: SQLConnection, columns: dict[str, Any], given: bool = True
    ) -> int:
        places = ", ".join("?" * len(columns))
        statement = f"INSERT INTO runs ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - what is put in are names of ours; values are bound
        number = self.insert(connection, statement, tuple(columns.values()))
        if given:
            for row in given_rows(number, columns["identity"]):
                connection.execute(_FACT, row)
        return number

    def restore(self, run: StoredRun) -> bool:
        """Write a run of another history; see `WrittenHistory.restore`."""
        with self.transaction() as connection:
            found = connection.execute(
                "SELECT 1 FROM runs WHERE run_id = ?", (run.columns["run_id"],)
            ).fetchone()
            if found is not None:
                return False
            number = self._begin(connection, run.columns)
            self._add(connection, [(number, *row) for row in run.rows])
            maps = [(number, task, *counts) for task, counts in run.maps.items()]
            connection.executemany(_COUNTS, maps)
        return True

    def receive(
        self, run: StoredRun, known: int = 1, heard: float | None = None
    ) -> int | None:
        """Write what has come of a run that goes on elsewhere; what is there stays.

        Args:
            run: The run and those of its events that have come, in any order. Of one
                that is known, its id is enough of it, or that and how it ended.
            known: The number of the first event that may be missing, where that is
                known.
            heard: When it was last known to go on; None for now.

        Returns:
            The number of the first event that is missing; None where the run is not
            known, and nothing tells of it.
        """
        columns = run.columns
        with self.transaction() as connection:
            found = connection.execute(
                "SELECT id, finished FROM runs WHERE run_id = ?", (columns["run_id"],)
            ).fetchone()
            if found is None:
                if "process" not in columns:
                    return None
                found = (self._begin(connection, columns), None)
            number, finished = found
            if run.rows:
                self._add(connection, [(number, *row) for row in run.rows])
            maps = [(number, task, *counts) for task, counts in run.maps.items()]
            if maps:
                connection.executemany(_COUNTS, maps)
            beat = time.time() if heard is None else heard
            connection.execute(_HEARD, (beat, number))
            if finished is None and columns.get("finished") is not None:
                end = [columns[name] for name in ("status", "finished", "duration")]
                connection.execute(_FINISH, (*end, number))
            return _first_missing(connection, number, known)

    @staticmethod
    def _add(connection: SQLConnection, rows: Sequence[EventRow]) -> None:
        connection.executemany(_EVENT, rows)
        told = [row for row in rows if row[3] in INDEXED]
        if told:
            failures = [(*row[1:], row[0]) for row in failure_rows(told)]
            connection.executemany(_FAILURE, failures)
            facts = fact_rows(told)
            connection.executemany(_FORMER_FACT, [fact[:2] for fact in facts])
            connection.executemany(_FACT, facts)

    def write(self, rows: EventRows, counts: CountsRows, ends: EndRows = ()) -> None:
        """Write rows of events, counts in place of older ones, and how runs ended.

        With the end of a run what retention does not keep is forgotten.
        """
        with self.transaction() as connection:
            if rows:
                self._add(connection, rows)
            if counts:
                connection.executemany(_COUNTS, counts)
            if ends:
                connection.executemany(_FINISH, ends)
                retention = self.retention
                self.prune(connection, retention.keep_runs, retention.keep_seconds)

    def beat(self, runs: Sequence[int]) -> None:
        """Note that these runs go on."""
        moment = time.time()
        with self.transaction() as connection:
            connection.executemany(
                _HEARD,
                [(moment, run) for run in runs],
            )

    def prune(
        self, connection: SQLConnection, keep: int | None, seconds: float | None
    ) -> int:
        """Forget runs that do not go on, in a transaction; return how many."""
        doomed = prunable(connection, keep, seconds)
        self.delete(connection, sorted(doomed))
        return len(doomed)

    @staticmethod
    def delete(connection: SQLConnection, numbers: Sequence[int]) -> None:
        """Forget runs and their events, in a transaction."""
        keys = [(number,) for number in numbers]
        for table in _TABLES:
            statement = f"DELETE FROM {table} WHERE run = ?"  # noqa: S608 - fixed texts
            connection.executemany(statement, keys)
        connection.executemany("DELETE FROM runs WHERE id = ?", keys)


def _first_missing(connection: SQLConnection, number: int, known: int) -> int:
    """Return the number of the first event of a run that is not there."""
    rows = connection.execute(
        "SELECT seq, began FROM events WHERE run = ? AND seq >= ? ORDER BY seq",
        (number, known),
    )
    for seq, began in rows:
        # One row may tell of a beginning, the event before it, and an end.
        if seq - (began is not None) > known:
            break
        known = seq + 1
    return known


def prunable(
    connection: SQLConnection, keep: int | None, seconds: float | None
) -> set[int]:
    """Return the numbers of the runs that are to be forgotten."""
    # Judged here rather than in SQL: only the system knows whether a process lives.
    found: list[tuple[int, float | None, str, float]] = []
    if keep is not None:
        found += connection.execute(
            "SELECT id, finished, process, heartbeat FROM runs"
            " ORDER BY started DESC, run_id DESC LIMIT ? OFFSET ?",
            (NO_LIMIT, keep),
        )
    if seconds is not None:
        found += connection.execute(
            "SELECT id, finished, process, heartbeat FROM runs WHERE started < ?",
            (time.time() - seconds,),
        )
    return {
        number
        for number, finished, process, heartbeat in found
        if finished is not None or has_died(process, heartbeat)
    }
