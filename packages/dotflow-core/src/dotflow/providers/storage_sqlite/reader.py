"""`Reader`: a database that is only looked at."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from dotflow.providers.storage_sqlite import schema
from dotflow.providers.storage_sqlite.database import (
    Database,
    Handle,
    check_owner,
    file_version,
    teach,
)
from dotflow.providers.storage_sqlite.errors import storage_error

_NOTHING = ":memory:"


class Reader(Database):
    """Reads a file, and neither makes nor changes it.

    One of an older dotflow is read as it is: views show its tables as those of today.
    A file that is not there reads as an empty one.
    """

    def _handle(self, reads: bool = True) -> Handle:
        """Return this thread's connection, which sees the tables as they are now."""
        handle = super()._handle(reads)
        if not self._local.there and handle.inode:
            # The file came just after nothing was opened in its place.
            handle.close()
            handle = super()._handle(reads)
        connection = handle.connection
        if connection is None or self._local.version == len(schema.MIGRATIONS):
            return handle
        # Somebody may have migrated the file since it was opened as a former one.
        if file_version(connection) != self._local.version:
            handle.close()
            handle = super()._handle(reads)
        return handle

    def _connect(self) -> sqlite3.Connection:
        self._local.there = there = Path(self.path).exists()
        address = f"{Path(self.path).as_uri()}?mode=ro" if there else _NOTHING
        try:
            return self._open(address)
        except sqlite3.Error as error:
            if not self._may_be_still:
                raise storage_error(self.path, error) from error
        try:
            return self._open(f"{address}&immutable=1")
        except sqlite3.Error as error:
            raise storage_error(self.path, error) from error

    @property
    def _may_be_still(self) -> bool:
        """Whether no process has the file open.

        SQLite itself makes files beside one that it reads, which it cannot in a folder
        where nobody may write. It need not where there are none yet.
        """
        return not Path(f"{self.path}-wal").exists()

    def _open(self, address: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            address,
            timeout=self.timeout,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
        try:
            # 8 MB: what a list or a count of 100,000 runs goes through.
            connection.execute("PRAGMA cache_size = -8000")
            self._local.version = version = file_version(connection)
            if address != _NOTHING:
                check_owner(connection, version, self.path)
            views = schema.former_views(version)
            if views:
                teach(connection)
            for view in views:
                connection.execute(view)
        except BaseException:
            connection.close()
            raise
        return connection
