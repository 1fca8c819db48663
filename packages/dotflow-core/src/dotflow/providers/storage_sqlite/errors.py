"""What SQLite's errors mean for the user of a storage."""

from __future__ import annotations

import sqlite3

from dotflow.errors import StorageError

# By the primary result code, https://www.sqlite.org/rescode.html
_ADVICE = {
    "SQLITE_BUSY": "Another process has kept it locked: end it, or raise timeout=.",
    "SQLITE_LOCKED": "Another process has kept it locked: end it, or raise timeout=.",
    "SQLITE_READONLY": "Give this user write access to the file and its folder.",
    "SQLITE_PERM": "Give this user write access to the file and its folder.",
    "SQLITE_CANTOPEN": "Check that its folder can be written to and is not a file.",
    "SQLITE_FULL": "The disk is full: free some space there, then resume the run.",
    "SQLITE_IOERR": "The disk failed or is full: check it, then resume the run.",
    "SQLITE_NOTADB": "Something else has that name: choose another path=.",
    "SQLITE_CORRUPT": "The file is damaged: restore it from a backup, or delete it.",
    "SQLITE_TOOBIG": "The value is too large: write it to a file, return its path.",
}
_BY_CODE = {getattr(sqlite3, name): advice for name, advice in _ADVICE.items()}
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def storage_error(path: str, error: Exception) -> StorageError:
    """Return the error to raise in place of one of SQLite's.

    Args:
        path: The database file.
        error: What `sqlite3` raised.
    """
    advice = _BY_CODE.get(_primary_code(error), "")
    return StorageError(f"Cannot use the database {path}: {error}. {advice}".rstrip())


def is_locked(error: sqlite3.Error) -> bool:
    """Tell whether an error means that somebody else holds a lock."""
    return _primary_code(error) in _LOCKED


def _primary_code(error: Exception) -> int:
    # Errors that come from the module rather than the library have no code.
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
