"""What PostgreSQL's errors mean for the user of a storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.errors import StorageError
from dotflow_postgres.address import address_of, hide_password

if TYPE_CHECKING:
    import psycopg

# By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
_ADVICE = {
    "22P05": "The database's encoding has not this character: use one with UTF8.",
    "25006": "It is read-only: connect to the primary server.",
    "42501": (
        "Grant this user SELECT, INSERT, UPDATE and DELETE on the table and, unless"
        " somebody else makes it, CREATE on its schema."
    ),
    "42703": "Something else has a table of that name: choose another table=.",
    "42804": "Something else has a table of that name: choose another table=.",
    "42809": "Something else has that name: choose another table=.",
    "53100": "The server's disk is full: free some space there, then resume the run.",
    "53300": "The server has too many connections: raise its max_connections.",
    "54000": "The value is too large: write it to a file, return its path.",
    "57014": "The server stopped the statement: raise its statement_timeout.",
}
_NOT_REACHED = "Check that it runs, and dsn= or DATABASE_URL."

MISSING = ("42P01", "3F000")  # no such table; no such schema
TRANSIENT = ("40001", "40P01")  # two transactions were in each other's way


def storage_error(dsn: str, error: psycopg.Error) -> StorageError:
    """Return the error to raise in place of one of psycopg's.

    Args:
        dsn: The connection string.
        error: What psycopg raised.
    """
    advice = _ADVICE.get(error.sqlstate or "", "" if error.sqlstate else _NOT_REACHED)
    # libpq writes a line for each address that it tried.
    said = " ".join(hide_password(dsn, str(error)).split()).rstrip(".")
    return StorageError(
        f"Cannot use PostgreSQL at {address_of(dsn)}: {said}. {advice}".rstrip()
    )


def timeout_error(dsn: str, timeout: float) -> StorageError:
    """Return the error for a server that does not answer.

    Args:
        dsn: The connection string.
        timeout: How long it was waited for, in seconds.
    """
    return StorageError(
        f"PostgreSQL at {address_of(dsn)} did not answer within {timeout:g} s. Check"
        " the server and the network between, or raise timeout=."
    )


def unknown_outcome(dsn: str) -> StorageError:
    """Return the error for a swap whose answer was lost.

    Args:
        dsn: The connection string.
    """
    return StorageError(
        f"The connection to PostgreSQL at {address_of(dsn)} was lost during a swap, so"
        " it is not known whether it took place. Read the key again and decide."
    )
