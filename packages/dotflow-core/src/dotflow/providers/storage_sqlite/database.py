"""`Database`: one SQLite file, with a connection for each thread of each process.

SQLite connections must not be used in two threads at once, nor in a process other than
the one that opened them (https://www.sqlite.org/howtocorrupt.html, section 2.6).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotflow.errors import StorageError
from dotflow.providers._durable import failure, make_folder
from dotflow.providers.storage_sqlite import schema
from dotflow.providers.storage_sqlite.errors import is_locked, storage_error

# The second one is Python's for a text of 2 GB or more.
_ERRORS = (sqlite3.Error, OverflowError)


class _Handle:
    """A connection, closed when the thread that owns it has ended."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection: sqlite3.Connection | None = connection
        self.process = os.getpid()
        # `close` may come from another thread while a statement runs.
        self.lock = threading.RLock()
        # Not `__del__`: a collected cycle may finalize the connection before its handle,
        # and an unclosed one warns.
        self._let_go = weakref.finalize(self, _let_go, connection, self.process)

    def close(self) -> None:
        with self.lock:
            self.connection = None
            self._let_go()


def _let_go(connection: sqlite3.Connection, process: int) -> None:
    """Close a connection, but never one that a forked child got from its parent.

    To close that could damage the file, even at exit, so it gets a reference that
    nothing takes back.
    """
    if process == os.getpid():
        connection.close()
        return
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


class Database:
    """Runs statements on a file that is opened, and made, at the first one.

    Args:
        path: The file; its folder is made if it is missing.
        synchronous: `PRAGMA synchronous`: `"FULL"` survives a power cut, `"NORMAL"`
            may lose the last commits in one, but not in a kill.
        timeout: How long to wait for another process's lock, in seconds.
    """

    def __init__(self, path: str, synchronous: str, timeout: float) -> None:
        self.path = path
        self.synchronous = synchronous
        self.timeout = timeout
        self._local = threading.local()
        # By thread. An ended thread's handle is gone, and its id may come back.
        self._handles: weakref.WeakValueDictionary[int, _Handle] = (
            weakref.WeakValueDictionary()
        )

    def __reduce__(self) -> tuple[type[Database], tuple[str, str, float]]:
        return (type(self), (self.path, self.synchronous, self.timeout))

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement in a transaction of its own, and return its rows.

        Raises:
            StorageError: SQLite failed; the message names the file.
        """
        while True:
            handle = self._handle()
            with handle.lock:
                connection = handle.connection
                if connection is None:
                    continue  # another thread has closed it just now
                try:
                    return connection.execute(statement, parameters).fetchall()
                except _ERRORS as error:
                    raise storage_error(self.path, error) from error

    @contextmanager
    def transaction(self, write: bool = True) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for several statements, which count as one.

        An exception undoes them all. `execute` in the same thread takes part in it.

        Args:
            write: Whether anything is written; if not, nobody is locked out, and all
                statements see one state of the file.

        Raises:
            StorageError: SQLite failed; the message names the file.
        """
        while True:
            handle = self._handle()
            with handle.lock:
                connection = handle.connection
                if connection is None:
                    continue  # another thread has closed it just now
                try:
                    with _begun(connection, write):
                        yield connection
                except _ERRORS as error:
                    raise storage_error(self.path, error) from error
                return

    def close(self) -> None:
        """Close the connections of all threads; the next statement opens a new one."""
        for reference in self._handles.valuerefs():
            handle = reference()
            if handle is not None:
                handle.close()

    def _handle(self) -> _Handle:
        """Return this thread's connection of this process."""
        handle: _Handle | None = getattr(self._local, "handle", None)
        if handle is None or handle.process != os.getpid() or handle.connection is None:
            handle = self._local.handle = _Handle(self._connect())
            self._handles[threading.get_ident()] = handle
        return handle

    def _connect(self) -> sqlite3.Connection:
        folder = Path(self.path).parent
        try:
            if not folder.is_dir():
                make_folder(folder)
        except OSError as error:
            raise failure("make the folder", folder, error) from error
        connection = None
        try:
            connection = sqlite3.connect(
                self.path,
                timeout=self.timeout,
                isolation_level=None,
                # One thread uses it; another may close it.
                check_same_thread=False,
            )
            self._prepare(connection)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error):
                raise storage_error(self.path, error) from error
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # SQLite does not wait for a lock while it changes the journal mode, which two
        # processes may do at once to a new file.
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {self.synchronous}")
                _migrate(connection, self.path)
            except sqlite3.OperationalError as error:
                if not is_locked(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.005)
            else:
                return


def check_path(path: str) -> str:
    """Return the absolute path of a database file.

    Raises:
        ValueError: It is none.
    """
    if path == ":memory:" or path.startswith("file:") or not path:
        raise ValueError(
            f"path={path!r} is no file. Give the path of one, or use StorageDefault()"
            " to keep values in memory."
        )
    # Absolute, so that a later chdir does not move the storage.
    return str(Path(path).absolute())


@contextmanager
def _begun(connection: sqlite3.Connection, write: bool = True) -> Iterator[None]:
    """Commit what is executed inside, or undo it; see `Database.transaction`.

    To write takes the lock from the start: a transaction that took it only at its first
    write could fail there, when another process has written since its first read.

    Raises:
        sqlite3.Error: SQLite failed, or another process kept the lock too long.
    """
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back after some errors.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a database to the newest version.

    Several processes may do so at the same time: one does, the others wait.

    Args:
        connection: A connection in autocommit mode, outside a transaction.
        path: The file, for messages.

    Raises:
        StorageError: The file is another program's, or a newer dotflow's.
        sqlite3.Error: SQLite failed.
    """
    if _version(connection) == len(schema.MIGRATIONS):
        return
    with _begun(connection):
        # Again, as another process may have done it by now.
        version = _version(connection)
        _check(connection, version, path)
        for statements in schema.MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS)}")


def _check(connection: sqlite3.Connection, version: int, path: str) -> None:
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != schema.APPLICATION_ID and (owner or version or tables):
        raise StorageError(
            f"{path} is the database of another program. Give dotflow a file of its"
            " own: StorageSQLite(path=…)."
        )
    if version > len(schema.MIGRATIONS):
        raise StorageError(
            f"{path} was written by a newer dotflow (schema {version}, this one knows"
            f" {len(schema.MIGRATIONS)}): upgrade dotflow-core."
        )


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
