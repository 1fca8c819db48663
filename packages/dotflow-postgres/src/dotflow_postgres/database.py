"""`Database`: statements on a server, with a connection for each thread of a process."""

from __future__ import annotations

import math
import os
import sys
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dotflow.base.masking import cause_of
from dotflow_postgres import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

    from dotflow_postgres.connection import BoundedConnection
    from dotflow_postgres.history_schema import HistorySchema
    from dotflow_postgres.schema import Schema

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN"
_PAUSE = 0.1  # seconds between attempts to reach a server that was there before
CONNECT_SECONDS = 10.0
"""How long one attempt to connect may take, unless `timeout` is less."""


class _Handle:
    """A connection, closed when the thread that owns it has ended."""

    def __init__(self, connection: BoundedConnection) -> None:
        self.connection: BoundedConnection | None = connection
        self.process = os.getpid()
        # `close` may come from another thread while a statement runs.
        self.lock = threading.RLock()

    def close(self) -> None:
        if self.process != os.getpid():
            return  # a goodbye from a forked child would end its parent's session
        with self.lock:
            connection, self.connection = self.connection, None
            if connection is not None:
                connection.close()

    def __del__(self) -> None:
        # At the very end of the interpreter there are no modules any more.
        if sys is not None and not sys.is_finalizing():
            self.close()


class Database:
    """Runs statements; connects at the first one, and again where it was cut off.

    Args:
        dsn: The connection string.
        timeout: How long one call may take, in seconds. libpq waits for a connection
            two seconds at least.
        schema: The tables, which are made when one turns out to be missing.
    """

    def __init__(
        self, dsn: str, timeout: float, schema: Schema | HistorySchema
    ) -> None:
        self._dsn = dsn
        self._timeout = timeout
        self._schema = schema
        self._reset()

    def _reset(self) -> None:
        # Whether the server has been reached before: then it is worth waiting for.
        self._reached = False
        self._local = threading.local()
        # By thread. An ended thread's handle is gone, and its id may come back.
        self._handles: weakref.WeakValueDictionary[int, _Handle] = (
            weakref.WeakValueDictionary()
        )

    def __getstate__(self) -> tuple[str, float, Schema | HistorySchema]:
        return (self._dsn, self._timeout, self._schema)

    def __setstate__(self, state: tuple[str, float, Schema | HistorySchema]) -> None:
        self._dsn, self._timeout, self._schema = state
        self._reset()

    def execute(
        self, statement: str, parameters: Sequence[Any] = (), *, repeat: bool = True
    ) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own.

        Args:
            statement: The statement.
            parameters: Its parameters.
            repeat: Whether to run it again where it is not known whether the server
                had received it before the connection was lost.

        Returns:
            Its rows, none where it gives none.

        Raises:
            StorageError: It failed; the message names the server.
        """
        import psycopg

        deadline = time.monotonic() + self._timeout
        made = False
        while True:
            handle = self._handle(deadline)
            try:
                with handle.lock:
                    connection = handle.connection
                    if connection is None:
                        continue  # another thread has closed it just now
                    connection.deadline = deadline
                    return self._run(connection, statement, parameters)
            except psycopg.Error as error:
                if error.sqlstate in errors.MISSING and not made:
                    made = True
                    self._make_table(handle, deadline)
                elif handle.connection is None or handle.connection.closed:
                    handle.close()
                    if not repeat:
                        raise errors.unknown_outcome(self._dsn) from cause_of(
                            error, self._dsn
                        )
                    self._pause(deadline, error)
                elif error.sqlstate in errors.TRANSIENT:
                    self._pause(deadline, error)
                else:
                    raise errors.storage_error(self._dsn, error) from cause_of(
                        error, self._dsn
                    )
            except TimeoutError:
                handle.close()
                raise errors.timeout_error(self._dsn, self._timeout) from None
            except BaseException:
                handle.close()  # interrupted: its answer may still be on the way
                raise

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[psycopg.Connection[Any]]:
        """Begin a transaction, for several statements that count as one.

        An exception undoes them all. Where the connection turns out to be lost before
        the first of them, a new one is made.

        Args:
            write: Whether anything is written; if not, all statements see one state.

        Raises:
            StorageError: It failed; the message names the server.
        """
        import psycopg

        deadline = time.monotonic() + self._timeout
        while True:
            handle = self._handle(deadline)
            with handle.lock:
                connection = handle.connection
                if connection is None:
                    continue  # another thread has closed it just now
                connection.deadline = deadline
                try:
                    self._run(connection, _WRITE if write else _READ, None)
                except (psycopg.Error, TimeoutError) as error:
                    handle.close()
                    if isinstance(error, TimeoutError):
                        raise errors.timeout_error(self._dsn, self._timeout) from None
                    self._pause(deadline, error)
                    continue
                try:
                    yield connection
                    self._run(connection, "COMMIT", None)
                except BaseException as error:
                    self._undo(handle)
                    if isinstance(error, TimeoutError):
                        raise errors.timeout_error(self._dsn, self._timeout) from None
                    if isinstance(error, psycopg.Error):
                        raise errors.storage_error(self._dsn, error) from cause_of(
                            error, self._dsn
                        )
                    raise
                return

    def _undo(self, handle: _Handle) -> None:
        try:
            if handle.connection is not None:
                handle.connection.deadline = time.monotonic() + self._timeout
                self._run(handle.connection, "ROLLBACK", None)
        except Exception:  # noqa: BLE001 - what has failed before is raised
            handle.close()

    def close(self) -> None:
        """Close the connections of all threads; the next statement opens a new one."""
        for reference in self._handles.valuerefs():
            handle = reference()
            if handle is not None:
                handle.close()

    @staticmethod
    def _run(
        connection: BoundedConnection, statement: str, parameters: Sequence[Any] | None
    ) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement.encode(), parameters)
            return [] if cursor.description is None else cursor.fetchall()

    def _make_table(self, handle: _Handle, deadline: float) -> None:
        import psycopg

        try:
            with handle.lock:
                if handle.connection is not None:
                    handle.connection.deadline = deadline
                    with handle.connection.transaction():
                        for statement in self._schema.definition:
                            self._run(handle.connection, statement, None)
        except psycopg.Error as error:
            if handle.connection is not None and not handle.connection.closed:
                raise errors.storage_error(self._dsn, error) from cause_of(
                    error, self._dsn
                )
            handle.close()  # `execute` goes on with a new connection

    def _handle(self, deadline: float) -> _Handle:
        """Return this thread's connection of this process."""
        handle: _Handle | None = getattr(self._local, "handle", None)
        if handle is None or handle.process != os.getpid() or handle.connection is None:
            handle = self._local.handle = _Handle(self._connect(deadline))
            self._handles[threading.get_ident()] = handle
        return handle

    def _connect(self, deadline: float) -> BoundedConnection:
        import psycopg

        from dotflow_postgres.connection import BoundedConnection

        while True:
            seconds = min(CONNECT_SECONDS, deadline - time.monotonic())
            left = max(2, math.ceil(seconds))
            connection = None
            try:
                connection = BoundedConnection.connect(
                    self._dsn,
                    autocommit=True,
                    # Poolers such as PgBouncer do not always keep prepared statements.
                    prepare_threshold=None,
                    client_encoding="utf8",
                    connect_timeout=left,
                    fallback_application_name="dotflow",
                )
                connection.deadline = deadline
                self._run(connection, self._schema.durable, None)
            except psycopg.Error as error:
                if connection is not None:
                    connection.close()
                late = isinstance(error, psycopg.errors.ConnectionTimeout)
                if late and not (self._reached and time.monotonic() < deadline):
                    limit = min(CONNECT_SECONDS, self._timeout)
                    raise errors.timeout_error(self._dsn, limit) from None
                if not self._reached:
                    raise errors.storage_error(self._dsn, error) from cause_of(
                        error, self._dsn
                    )
                self._pause(deadline, error)
            except TimeoutError:
                if connection is not None:
                    connection.close()
                raise errors.timeout_error(self._dsn, self._timeout) from None
            else:
                self._reached = True
                return connection

    def _cause(self, error: psycopg.Error) -> BaseException | None:
        return cause_of(error, self._dsn)

    def _pause(self, deadline: float, error: psycopg.Error) -> None:
        """Wait before another attempt, or raise where the time is over."""
        if time.monotonic() + _PAUSE > deadline:
            raise errors.storage_error(self._dsn, error) from self._cause(error)
        time.sleep(_PAUSE)
