"""`SQLiteHistory`: the runs that a SQLite file remembers; `RunTable`: their table."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

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

# A history that cannot be written soon is given up, rather than hold up the run.
_TIMEOUT = 5.0


class RunTable(SQLTable):
    """Writes runs and their events to a file; see `SQLTable`.

    It stays with one file, in which the numbers of runs stand for something.

    Args:
        database: The database.
        retention: How much is kept.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        self.retention = retention
        self.transaction = partial(database.transaction, first=True)


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

    @cached_property
    def _reader(self) -> Reader:
        reader = Reader(self.place, self._level, self._timeout)
        return self.__dict__.setdefault("_reader", reader)  # type: ignore[no-any-return]

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction that reads; see `SQLHistory.reading`."""
        return self._reader.transaction(write=False)

    def recorder(self, info: RunInfo) -> Recorder | None:
        """Return what writes a new run down; see `History.recorder`."""
        database = self._database
        if database.file is not None and database.is_replaced():
            # Runs of the former file keep theirs, which writes nothing into this one.
            self._database = Database(self.place, self._level, self._timeout)
            self.table = RunTable(self._database, self._retention)
            self._journal = None
        return super().recorder(info)

    def close(self) -> None:
        """Write what waits, and close the connections; the next use opens new ones."""
        super().close()
        self._database.close()
        if "_reader" in self.__dict__:  # where anybody has read
            self._reader.close()
