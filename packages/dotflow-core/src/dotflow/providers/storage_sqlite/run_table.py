"""`RunTable`: where the runs of a SQLite file are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.history.sql_table import SQLTable

if TYPE_CHECKING:
    import sqlite3
    from contextlib import AbstractContextManager

    from dotflow.abc.storage import Retention
    from dotflow.providers._durable import Identity
    from dotflow.providers.storage_sqlite.database import Database


class RunTable(SQLTable):
    """Writes runs and their events to a file; see `SQLTable`.

    Args:
        database: The database.
        retention: How much is kept.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        super().__init__(retention)
        self._database = database
        self._file: Identity | None = None

    @property
    def outdated(self) -> bool:
        """Whether the runs it has begun are in a file that is gone."""
        return self._file is not None and self._file != self._database.file

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction, unless what the numbers of runs stand for is gone."""
        return self._database.transaction(file=self._file)

    def insert(self, connection: Any, statement: str, row: Any) -> int:
        """Insert a run, and note which file it is in; see `SQLTable.insert`."""
        number: int = connection.execute(statement, row).lastrowid
        self._file = self._database.file
        return number
