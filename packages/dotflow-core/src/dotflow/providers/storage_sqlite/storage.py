"""`StorageSQLite`: checkpoints in one SQLite file."""

from __future__ import annotations

import os
import time
from copy import copy
from pathlib import Path
from typing import Any

from dotflow.abc.retention import Retention
from dotflow.abc.storage import (
    check_ttl,
    current_fence,
    is_empty,
)
from dotflow.base.arguments import check_choice, output_folder
from dotflow.codec.codec import Codec
from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.providers.grouping import Grouping, current_group
from dotflow.providers.storage_sqlite.database import Database, check_path
from dotflow.providers.text_records import TextRecords

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self
    from uuid import UUID

    from dotflow.abc.storage import Entry, Fence
    from dotflow.providers.storage_sqlite.history import SQLiteHistory
    from dotflow.types import TTL, CodecName, Digest, Synchronous

_FILE = "dotflow.db"
_LEVELS = ("OFF", "NORMAL", "FULL", "EXTRA")
_LAST = chr(0x10FFFF)

_PUT = """
    INSERT INTO checkpoints (key, workflow_id, expires_at, fingerprint, record)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (key) DO UPDATE SET
        workflow_id = excluded.workflow_id,
        expires_at = excluded.expires_at,
        fingerprint = excluded.fingerprint,
        record = excluded.record
"""
# Without a lease there is no record, which the table refuses: the row is ignored then.
# A SELECT in place of the VALUES would first be written to a table of its own.
_PUT_FENCED = _PUT.replace("INSERT", "INSERT OR IGNORE").replace(
    "?5",
    """CASE WHEN EXISTS (
        SELECT 1 FROM checkpoints WHERE key = ?6 AND fingerprint = ?7
    ) THEN ?5 END""",
)
# Where another value is there already, no row is written.
_PUT_NEW = f"{_PUT} WHERE checkpoints.expires_at <= ?6"
_GET = """
    SELECT record FROM checkpoints
    WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)
"""
_PURGE = "DELETE FROM checkpoints WHERE expires_at <= ?"

Row = tuple[object, ...]


class StorageSQLite(Grouping, TextRecords):
    """Keeps contexts in one file, which threads and processes of a machine may share.

    The file is made at the first use, in WAL mode. Each thread of each process has a
    connection of its own. A ttl is measured by the wall clock; expired keys are removed
    at the next write that has a ttl.

    Args:
        path: The file. By default `dotflow.db` in the folder that the environment
            variable `DOTFLOW_OUTPUT_PATH` names, else in `.output`.
        codec: `"pickle"`: JSON, and pickle for what JSON has no form for; whoever can
            write to the file can then run code in the reader. `"json"`: never pickle.
        synchronous: `"FULL"` (a checkpoint survives a power cut), `"NORMAL"` (it
            survives a kill; several times faster), `"EXTRA"` or `"OFF"`.
        timeout: How long to wait for another process's lock, in seconds.
        keep_runs: How many of the newest runs the history keeps; None for all, 0 to
            keep no history.
        keep_days: After how many days it forgets a run; None for never.

    Attributes:
        codec: How values are written.
        database: The file.
        retention: How long the history remembers.

    Raises:
        ValueError: There is no such codec or level, the path is no file, or a number
            is out of range.
    """

    shared = True
    reach = "host"
    fenced = True

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        codec: CodecName = "pickle",
        synchronous: Synchronous = "FULL",
        timeout: float = 30.0,
        keep_runs: int | None = 1000,
        keep_days: float | None = None,
    ) -> None:
        if path is None:
            path = Path(output_folder()) / _FILE
        level = synchronous.upper()
        check_choice("StorageSQLite", "synchronous", level, _LEVELS)
        if not timeout >= 0:
            raise ValueError(f"timeout={timeout!r} must be 0 or more seconds.")
        self.codec = Codec.named(codec)
        self.database = Database(check_path(os.fspath(path)), level, timeout)
        self.retention = Retention(keep_runs, keep_days)
        self._history: SQLiteHistory | None = None
        # The last one and its text: a run has the same for all tasks, and to write a
        # UUID takes 3 % of a durable one.
        self._owner: tuple[UUID | str | None, str | None] = (None, None)

    def at(self, path: str | os.PathLike[str]) -> Self:
        """Return the same storage in another file.

        Args:
            path: The file; `dotflow.db` in it where it is a folder.
        """
        if Path(path).is_dir():
            path = Path(path) / _FILE
        own, other = self.database, copy(self)
        place = check_path(os.fspath(path))
        other.database = Database(place, own.synchronous, own.timeout)
        other._history = None  # noqa: SLF001 - another one of the same class
        return other

    def read_only(self) -> Self:
        """Return the same storage for whoever only looks: the file is as it was after.

        One of an older dotflow is not brought up to date; to store anything fails.
        """
        from dotflow.providers.storage_sqlite.reader import Reader

        own, other = self.database, copy(self)
        other.database = Reader(own.path, own.synchronous, own.timeout)
        return other

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.database.path)

    @property
    def history(self) -> SQLiteHistory:
        """What the file remembers of runs: `history.runs()`, `history.run(run_id)`."""
        if self._history is None:
            from dotflow.providers.storage_sqlite.history import SQLiteHistory

            self._history = SQLiteHistory(self.database, self.retention)
        return self._history

    def post(
        self, key: str, context: Context, ttl: TTL = None, fingerprint: Digest = None
    ) -> None:
        """Store a context durably; see `Storage.post`."""
        row = self._row(key, context, ttl, fingerprint)
        if ttl is not None:
            check_ttl(ttl)
            # A kill between the two has only removed what nobody could read any more.
            self.database.change(_PURGE, (time.time(),))
        fence, group = current_fence.get(), current_group.get()
        if group is not None and group.storage is self:
            group.posted.append((fence, row))
        elif fence is None:
            self.database.change(_PUT, row)
        elif not self.database.change(_PUT_FENCED, (*row, *fence)):
            raise fence.lost()

    def get(self, key: str) -> Context:
        """Return the stored context, or an empty one; see `Storage.get`."""
        rows = self.database.execute(_GET, (_text(key), time.time()))
        return self.decode(key, rows[0][0]) if rows else Context()

    def delete(self, key: str) -> bool:
        """Remove a key; see `Storage.delete`."""
        return self._delete("key = ?", (_text(key),)) == 1

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the sorted keys with a prefix; see `Storage.list_keys`."""
        where, bounds = _with_prefix(prefix)
        rows = self.database.execute(
            f"SELECT key FROM checkpoints WHERE {where}"  # noqa: S608 - fixed texts
            " AND (expires_at IS NULL OR expires_at > ?) ORDER BY key",
            (*bounds, time.time()),
        )
        return [key for (key,) in rows]

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key with a prefix; see `Storage.delete_prefix`."""
        return self._delete(*_with_prefix(prefix))

    def clear(self, workflow_id: UUID | str) -> None:
        """Remove the keys of one workflow; see `Storage.clear`."""
        where, bounds = _with_prefix(f"{workflow_id}-")
        self._delete(
            f"{where} AND (workflow_id IS NULL OR workflow_id = ?)",
            (*bounds, str(workflow_id)),
        )

    def _swap(self, key: str, expected: Context | None, new: Entry) -> bool:
        """Store `new` if the key holds `expected`; see `Storage.atomic_swap`."""
        # Encoded before the lock is taken: a large value takes its time.
        row = self._row(key, *new)
        if expected is None:
            return self.database.change(_PUT_NEW, (*row, time.time())) == 1
        with self.database.transaction() as connection:
            found = connection.execute(_GET, (key, time.time())).fetchone()
            if found is None and not is_empty(expected):
                return False
            if found is not None and not self.holds(key, found[0], expected):
                return False
            connection.execute(_PUT, row)
            return True

    def get_fingerprint(self, key: str) -> str | None:
        """Return a key's fingerprint; see `Storage.get_fingerprint`."""
        rows = self.database.execute(
            "SELECT fingerprint FROM checkpoints"
            " WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)",
            (_text(key), time.time()),
        )
        given = rows[0][0] if rows else None
        return self.noted_fingerprint(key) if given is None else given

    _own_post = post

    def _store_posted(self, posted: list[tuple[Fence | None, Row]]) -> None:
        """Store rows in one transaction; see `Grouping`.

        One call into SQLite for all rows takes a third of one each, and nobody else
        waited for the lock while values were encoded.
        """
        by_fence: dict[Fence | None, list[Row]] = {}
        for fence, row in posted:
            by_fence.setdefault(fence, []).append(row)
        with self.database.transaction() as connection:
            for fence, rows in by_fence.items():
                if fence is None:
                    connection.executemany(_PUT, rows)
                    continue
                fenced = [(*row, *fence) for row in rows]
                if connection.executemany(_PUT_FENCED, fenced).rowcount != len(rows):
                    raise fence.lost()  # which undoes it

    def revisit(self) -> None:
        """See that the file is still there; see `Storage.revisit`."""
        self.database.revisit()

    def record(self, key: str) -> str | None:
        """Return the stored text of a key; see `Storage.record`."""
        rows = self.database.execute(_GET, (_text(key), time.time()))
        return rows[0][0] if rows else None

    def close(self) -> None:
        """Close the connections of this process; the next use opens new ones."""
        if self._history is not None:
            self._history.close()
        self.database.close()

    def __getstate__(self) -> dict[str, Any]:
        # Its journal has a thread; another process opens one of its own.
        return {**self.__dict__, "_history": None}

    def _row(self, key: str, context: Context, ttl: TTL, fingerprint: Digest) -> Row:
        workflow_id, owner = context.workflow_id, self._owner
        if owner[0] is not workflow_id:
            owner = (workflow_id, None if workflow_id is None else str(workflow_id))
            self._owner = owner
        return (
            key if key.isascii() else _text(key),
            owner[1],
            None if ttl is None else time.time() + ttl,
            fingerprint and _text(fingerprint),
            self.codec.encode_context(context),
        )

    def _delete(self, where: str, parameters: tuple[object, ...]) -> int:
        """Remove rows, and return how many were live."""
        with self.database.transaction() as connection:
            # First, so that the count is of those that were live.
            connection.execute(_PURGE, (time.time(),))
            return connection.execute(
                f"DELETE FROM checkpoints WHERE {where}",  # noqa: S608 - fixed texts
                parameters,
            ).rowcount

    def place(self) -> str:
        """Return the path of the file."""
        return str(self.path)


def _text(text: str) -> str:
    """Return a text that SQLite can hold, and refuse any other."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise StorageError(
                f"{text!r} is not valid Unicode text, so StorageSQLite cannot hold it"
                f" as a key: {error}"
            ) from error
    return text


def _with_prefix(prefix: str) -> tuple[str, tuple[object, ...]]:
    """Return a condition for keys with a prefix, and its parameters.

    It is a range, which the index on `key` serves and in which no character is special:
    SQLite orders texts by their UTF-8 bytes, as Python does by code points.
    """
    kept = _text(prefix).rstrip(_LAST)
    if not kept:
        return "substr(key, 1, ?) = ?", (len(prefix), prefix)
    after = ord(kept[-1]) + 1
    if after == 0xD800:
        after = 0xE000  # past the surrogates, which UTF-8 has no form for
    return "key >= ? AND key < ?", (prefix, kept[:-1] + chr(after))
