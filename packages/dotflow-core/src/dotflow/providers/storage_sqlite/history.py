"""`SQLiteHistory`: the runs that a SQLite file remembers; `RunTable`: their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.history.sql_history import SQLHistory
from dotflow.history.sql_table import SQLTable
from dotflow.providers.storage_sqlite.database import Database
from dotflow.providers.storage_sqlite.reader import Reader

if TYPE_CHECKING:
    import sqlite3
    from contextlib import AbstractContextManager

    from dotflow.abc.history import Recorder
    from dotflow.abc.storage import Retention
    from dotflow.model.run_info import RunInfo
    from dotflow.providers._durable import Identity

# A history that cannot be written soon is given up, rather than hold up the run.
_TIMEOUT = 5.0


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


class SQLiteHistory(SQLHistory):
    """The history of a file; see `SQLHistory`.

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
        self._reader = Reader(database.path, level, timeout)
        table = RunTable(self._database, retention)
        super().__init__(database.path, table, retention, pace=None)
        self._table = table

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction that reads; see `SQLHistory.reading`."""
        return self._reader.transaction(write=False)

    def recorder(self, info: RunInfo) -> Recorder | None:
        """Return what writes a new run down; see `History.recorder`."""
        self._database.revisit()
        if self._table.outdated:
            # Runs of the former file keep their own, which writes nothing into this one.
            self.table = self._table = RunTable(self._database, self._retention)
            self._journal = None
        return super().recorder(info)

    def close(self) -> None:
        """Write what waits, and close the connections; the next use opens new ones."""
        super().close()
        self._database.close()
        self._reader.close()
