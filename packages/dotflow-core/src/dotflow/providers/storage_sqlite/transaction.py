"""`immediate`: several statements as one, with the write lock from the start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is executed inside, or undo it after an exception.

    A transaction that took the lock only at its first write could fail there, when
    another process has written since its first read.

    Args:
        connection: A connection in autocommit mode, outside a transaction.

    Raises:
        sqlite3.Error: SQLite failed, or another process kept the lock too long.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back after some errors.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """Let all that is read inside be of one state of the database.

    Args:
        connection: A connection in autocommit mode, outside a transaction.

    Raises:
        sqlite3.Error: SQLite failed.
    """
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("COMMIT")
