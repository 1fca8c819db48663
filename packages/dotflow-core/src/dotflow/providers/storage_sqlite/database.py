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

from dotflow.base.arguments import refuse_address
from dotflow.base.private import create
from dotflow.errors import StorageError
from dotflow.logging import logger
from dotflow.providers._durable import Identity, failure, identity, make_folder, moved
from dotflow.providers.storage_sqlite import schema
from dotflow.providers.storage_sqlite.errors import is_locked, storage_error

_getpid = os.getpid
_stat = os.stat
_MIGRATION_SECONDS = 30.0
# After how many pages SQLite copies its log into the file, which waits for the disk
# twice. With its own 1,000 those waits are a quarter of a durable task on `"NORMAL"`.
_LOG_PAGES = 4000
# The second one is Python's for a text of 2 GB or more.
_ERRORS = (sqlite3.Error, OverflowError)


class Handle:
    """A connection, closed when the thread that owns it has ended."""

    def __init__(self, connection: sqlite3.Connection, file: Identity | None) -> None:
        self.connection: sqlite3.Connection | None = connection
        # Of its own for what writes one row: to make one each time is 3 % of a task.
        self.cursor = connection.cursor()
        self.device, self.inode = file or (0, 0)
        self.process = os.getpid()
        # `close` may come from another thread while a statement runs.
        self.lock = threading.RLock()
        # Not `__del__`: a collected cycle may finalize the connection before its handle,
        # and an unclosed one warns.
        owner = (weakref.ref(self), self.process, threading.get_ident())
        self._let_go = weakref.finalize(self, _let_go, connection, *owner)

    def close(self) -> None:
        """Close the connection, once no statement of another thread runs on it."""
        with self.lock:
            self.connection = None
            found = self._let_go.detach()
            if found is not None and self.process == os.getpid():
                found[2][0].close()
            elif found is not None:
                _leave_open(found[2][0])


def _let_go(
    connection: sqlite3.Connection,
    handle: weakref.ref[Handle],
    process: int,
    thread: int,
) -> None:
    """Close a connection that nobody has any more, or at exit that of this thread.

    At exit other threads' handles are still there: those of daemons, which run on and
    may be inside SQLite. To close a connection under one of them is a crash, and to wait
    for it might be for ever.
    """
    mine = handle() is None or thread == threading.get_ident()
    if process == os.getpid() and mine:
        connection.close()
    else:
        _leave_open(connection)


def _leave_open(connection: sqlite3.Connection) -> None:
    """Keep a connection to the end of the process, by a reference nobody takes back.

    One that a forked child got from its parent is never closed there, even at exit: that
    could damage the file.
    """
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


class Database:
    """Runs statements on a file that is opened, and made, at the first one.

    Connections to a file that was deleted or replaced would go on and write where nobody
    ever looks. So each statement looks first: one that writes fails then, since what was
    written before it is gone; one that reads opens the new file and says so.

    Args:
        path: The file; its folder is made if it is missing.
        synchronous: `PRAGMA synchronous`: `"FULL"` survives a power cut, `"NORMAL"`
            may lose the last commits in one, but not in a kill.
        timeout: How long to wait for another process's lock, in seconds.

    Attributes:
        file: Which file was opened last; None before.
        first: Which was opened first.
    """

    def __init__(self, path: str, synchronous: str, timeout: float) -> None:
        self.path = path
        self.synchronous = synchronous
        self.timeout = timeout
        self.file: Identity | None = None
        self.first: Identity | None = None
        self._local = threading.local()
        # By thread. An ended thread's handle is gone, and its id may come back.
        self._handles: weakref.WeakValueDictionary[int, Handle] = (
            weakref.WeakValueDictionary()
        )

    def __reduce__(self) -> tuple[type[Database], tuple[str, str, float]]:
        return (type(self), (self.path, self.synchronous, self.timeout))

    def change(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement that writes, in a transaction of its own.

        Returns:
            How many rows it has written or removed.

        Raises:
            StorageError: SQLite failed; the message names the file.
        """
        while True:
            handle = self._handle(False)
            with handle.lock:
                if handle.connection is None:
                    continue  # another thread has closed it just now
                try:
                    return handle.cursor.execute(statement, parameters).rowcount
                except _ERRORS as error:
                    raise storage_error(self.path, error) from error

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Run one statement that reads, and return its rows.

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
    def transaction(
        self, write: bool = True, first: bool = False
    ) -> Iterator[sqlite3.Connection]:
        """Hold the write lock for several statements, which count as one.

        An exception undoes them all. `change` in the same thread takes part in it.

        Args:
            write: Whether anything is written; if not, nobody is locked out, and all
                statements see one state of the file.
            first: Whether it has to be the file that was opened first.

        Raises:
            StorageError: SQLite failed; the message names the file.
        """
        while True:
            handle = self._handle(not write)
            with handle.lock:
                connection = handle.connection
                if connection is None:
                    continue  # another thread has closed it just now
                try:
                    with _begun(connection, write):
                        if first and self.file != self.first:
                            raise moved(self.path)
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

    def revisit(self) -> None:
        """Open the file anew, and say so, if it was deleted or replaced.

        For the beginning of something, which has lost nothing in the former file.
        """
        if self.file is not None:
            self._handle()

    def is_replaced(self) -> bool:
        """Say whether the file that was opened first is gone; see `revisit`."""
        self.revisit()
        return self.file != self.first

    def _handle(self, reads: bool = True) -> Handle:
        """Return this thread's connection of this process, to the file of now."""
        handle: Handle | None = getattr(self._local, "handle", None)
        if handle is not None and handle.process == _getpid():
            try:
                there = _stat(self.path)
            except OSError:
                there = None  # looked at more closely below
            if (
                there is not None
                and there.st_ino == handle.inode
                and there.st_dev == handle.device
                and handle.connection is not None
            ):
                return handle
            if handle.connection is not None and handle.connection.in_transaction:
                raise moved(self.path)  # which undoes it
            handle.close()
        known = self.file
        found = None if known is None else identity(self.path)
        connection = self._connect()
        self.file = self._found()
        self.first = self.first or self.file
        handle = self._local.handle = Handle(connection, self.file)
        self._handles[threading.get_ident()] = handle
        if known is not None and found != known:
            # Told once: whoever comes later finds the file that is open by then.
            if not reads:
                raise moved(self.path)
            logger.warning("%s", moved(self.path))
        return handle

    def _found(self) -> Identity | None:
        try:
            there = _stat(self.path)
        except OSError:
            return None  # of a reader, for which none is made
        return there.st_dev, there.st_ino

    def _connect(self) -> sqlite3.Connection:
        folder = Path(self.path).parent
        try:
            if not folder.is_dir():
                make_folder(folder)
        except OSError as error:
            raise failure("make the folder", folder, error) from error
        connection = None
        try:
            if not os.path.lexists(self.path):
                self._create()
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

    def _create(self) -> None:
        """Make the file, for its owner alone; SQLite's others take its mode."""
        try:
            os.close(create(self.path, os.O_RDWR | os.O_EXCL))
        except OSError:
            pass  # it has just come; else SQLite says what is wrong

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # SQLite does not wait for a lock while it changes the journal mode, which two
        # processes may do at once to a new file.
        began = time.monotonic()
        deadline = began + self.timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {self.synchronous}")
                connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
                _migrate(connection, self.path)
            except sqlite3.OperationalError as error:
                if not is_locked(error):
                    raise
                # Who has the lock of an outdated file migrates it, which takes its time.
                outdated = file_version(connection) != len(schema.MIGRATIONS)
                limit = (
                    max(deadline, began + _MIGRATION_SECONDS) if outdated else deadline
                )
                if time.monotonic() > limit:
                    raise
                time.sleep(0.005)
            else:
                return


def check_path(path: str) -> str:
    """Return the absolute path of a database file.

    Raises:
        ValueError: It is none.
    """
    refuse_address("StorageSQLite", path)
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
    newest = file_version(connection) == len(schema.MIGRATIONS)
    if newest and _owner(connection) == schema.APPLICATION_ID:
        return
    teach(connection)
    with _begun(connection):
        # Again, as another process may have done it by now.
        version = file_version(connection)
        check_owner(connection, version, path)
        for statements in schema.MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS)}")


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that what is read of older files needs."""

    def shape(message: str | None) -> str:
        # Late: a new file has no messages, and a run without a history needs no more.
        from dotflow.history.failures import message_shape

        return message_shape(message or "")

    connection.create_function("message_shape", 1, shape, deterministic=True)


def check_owner(connection: sqlite3.Connection, version: int, path: str) -> None:
    """Refuse a file that is another program's, or a newer dotflow's.

    Raises:
        StorageError: It is; the message says what to do.
    """
    owner = _owner(connection)
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


def _owner(connection: sqlite3.Connection) -> int:
    owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
    return owner


def file_version(connection: sqlite3.Connection) -> int:
    """Return the version of a file's tables, 0 for an empty one."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
