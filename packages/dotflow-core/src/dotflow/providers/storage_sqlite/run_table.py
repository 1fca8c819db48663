"""`RunTable`: what is written of a run, and what retention removes again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dotflow.base.liveness import has_died, process_token
from dotflow.history.rows import CountsRow, EndRow, EventRow, graph_text, stored_text
from dotflow.report.build import plain
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    import sqlite3

    from dotflow.model.run_info import RunInfo
    from dotflow.providers.storage_sqlite.database import Database
    from dotflow.providers.storage_sqlite.retention import Retention

_BEGIN = """
    INSERT INTO runs (
        run_id, workflow_id, name, mode, status, started, resumed_from, tasks,
        process, heartbeat, metadata, graph
    )
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_FINISH = "UPDATE runs SET status = ?, finished = ?, duration = ? WHERE id = ?"
_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_COUNTS = "REPLACE INTO maps VALUES (?, ?, ?, ?, ?, ?, ?)"


class RunTable:
    """Writes runs and their events; each method is one transaction.

    Args:
        database: The database.
        retention: How much is kept.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention

    def begin(self, info: RunInfo) -> int:
        """Write that a run begins, and return its number."""
        workflow_id = None if info.workflow_id is None else str(info.workflow_id)
        row = (
            info.run_id,
            workflow_id,
            info.name
            if not info.name or info.name.isascii()
            else stored_text(info.name),
            info.mode,
            WorkflowStatus.IN_PROGRESS,
            info.started or time.time(),
            info.resumed_from,
            len(info.graph.tasks),
            process_token(),
            # Of the wall: a process on another machine judges by it who has died.
            time.time(),
            json.dumps(plain(info.metadata)) if info.metadata else "{}",
            graph_text(info),
        )
        with self._database.transaction() as connection:
            number = connection.execute(_BEGIN, row).lastrowid
        assert number is not None
        return number

    def write(
        self,
        rows: Sequence[EventRow],
        counts: Sequence[CountsRow],
        ends: Sequence[EndRow] = (),
    ) -> None:
        """Write rows of events, counts in place of older ones, and how runs ended.

        With the end of a run what retention does not keep is forgotten.
        """
        with self._database.transaction() as connection:
            if rows:
                connection.executemany(_EVENT, rows)
            if counts:
                connection.executemany(_COUNTS, counts)
            if ends:
                connection.executemany(_FINISH, ends)
                retention = self._retention
                self.prune(connection, retention.keep_runs, retention.keep_seconds)

    def beat(self, runs: Sequence[int]) -> None:
        """Note that these runs go on."""
        moment = time.time()
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE runs SET heartbeat = ? WHERE id = ?",
                [(moment, run) for run in runs],
            )

    def prune(
        self, connection: sqlite3.Connection, keep: int | None, seconds: float | None
    ) -> int:
        """Forget runs that do not go on, in a transaction; return how many."""
        # Judged here rather than in SQL: only the system knows whether a process lives.
        found: list[tuple[int, float | None, str, float]] = []
        if keep is not None:
            found += connection.execute(
                "SELECT id, finished, process, heartbeat FROM runs"
                " ORDER BY id DESC LIMIT -1 OFFSET ?",
                (keep,),
            )
        if seconds is not None:
            found += connection.execute(
                "SELECT id, finished, process, heartbeat FROM runs WHERE started < ?",
                (time.time() - seconds,),
            )
        doomed = {
            number
            for number, finished, process, heartbeat in found
            if finished is not None or has_died(process, heartbeat)
        }
        self.delete(connection, sorted(doomed))
        return len(doomed)

    @staticmethod
    def delete(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
        """Forget runs and their events, in a transaction."""
        keys = [(number,) for number in numbers]
        connection.executemany("DELETE FROM events WHERE run = ?", keys)
        connection.executemany("DELETE FROM maps WHERE run = ?", keys)
        connection.executemany("DELETE FROM runs WHERE id = ?", keys)
