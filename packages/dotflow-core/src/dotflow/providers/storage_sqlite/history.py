"""`SQLiteHistory`: the runs that a SQLite file remembers; `RunTable`: their table."""

from __future__ import annotations

from functools import cached_property, partial
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
        self.retention = retention
        self._database = database
        self._file: Identity | None = None
        self.transaction = database.transaction

    def is_outdated(self) -> bool:
        """Say whether the runs it has begun are in a file that is gone."""
        if self._file is None:
            return False
        self._database.revisit()
        return self._file != self._database.file

    def insert(self, connection: Any, statement: str, row: Any) -> int:
        """Insert a run, and note which file it is in; see `SQLTable.insert`."""
        number: int = connection.execute(statement, row).lastrowid
        self._file = self._database.file
        # What the numbers of runs stand for may not be gone.
        self.transaction = partial(self._database.transaction, file=self._file)
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
        self._level = "OFF" if database.synchronous == "OFF" else "NORMAL"
        self._timeout = min(database.timeout, _TIMEOUT)
        self._database = Database(database.path, self._level, self._timeout)
        table = RunTable(self._database, retention)
        super().__init__(database.path, table, retention, pace=None)
        self._table = table

    @cached_property
    def _reader(self) -> Reader:
        reader = Reader(self.place, self._level, self._timeout)
        return self.__dict__.setdefault("_reader", reader)  # type: ignore[no-any-return]

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction that reads; see `SQLHistory.reading`."""
        return self._reader.transaction(write=False)

    def recorder(self, info: RunInfo) -> Recorder | None:
        """Return what writes a new run down; see `History.recorder`."""
        if self._table.is_outdated():
            # Runs of the former file keep their own, which writes nothing into this one.
            self.table = self._table = RunTable(self._database, self._retention)
            self._journal = None
        return super().recorder(info)

    def close(self) -> None:
        """Write what waits, and close the connections; the next use opens new ones."""
        super().close()
        self._database.close()
        if "_reader" in self.__dict__:  # where anybody has read
            self._reader.close()
