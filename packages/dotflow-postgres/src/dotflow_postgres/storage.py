"""`StoragePostgres`: contexts in a table of PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.abc.storage import (
    HeldHistory,
    check_ttl,
    current_fence,
    server_reach,
)
from dotflow.errors import StorageError
from dotflow.providers.text_records import ServedRecords
from dotflow_postgres.address import address_of, find_dsn, has_password
from dotflow_postgres.database import Database
from dotflow_postgres.schema import Schema, with_prefix

if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.model.context import Context
    from dotflow.types import TTL, Digest
    from dotflow_postgres.history import PostgresHistory

_LONGEST_KEY = 2600  # bytes; an entry of an index has to fit a third of a page
_FOR_EVER = 1e10  # seconds; PostgreSQL's calendar ends somewhere beyond


class StoragePostgres(ServedRecords):
    """Keeps contexts in one table, which any number of machines may share.

    The table is made at the first use. Each thread of each process has a connection of
    its own. Where a connection is lost, because the server was restarted for example,
    a new one is made within the time limit.

    Args:
        dsn: The connection string, `postgresql://user@host:5432/database` or
            `host=… dbname=…`. Default: the environment variable `DATABASE_URL`, else
            libpq's own: `PGHOST`, `PGPORT`, `PGUSER`, `PGPASSWORD`, `PGDATABASE`, ….
        table: The table's name.
        schema: The schema it is in, made if it is missing; None for the first one of
            the search path.
        codec: `"json"`: never pickle. `"pickle"`: JSON, and pickle for what JSON has no
            form for; whoever can write to the table can then run code in the reader.
        timeout: How long a call may take, and how long a server that was there before
            is waited for, in seconds. A connection may take ten of them; libpq waits for
            one two at least.
        keep_runs: How many of the newest runs the history keeps, in tables named after
            this one; None for all, 0 to keep no history.
        keep_days: After how many days it forgets a run; None for never.

    Raises:
        ProviderError: An argument is malformed.
        ValueError: There is no such codec, or a number is out of range.
    """

    def __init__(
        self,
        dsn: str | None = None,
        table: str = "dotflow_checkpoints",
        schema: str | None = None,
        codec: str = "json",
        timeout: float = 30.0,
        keep_runs: int | None = 1000,
        keep_days: float | None = None,
    ) -> None:
        super().__init__(codec, timeout, keep_runs, keep_days)
        self._dsn = find_dsn(dsn)
        self.reach = server_reach(address_of(self._dsn), has_password(self._dsn))
        self._schema = Schema(table, schema)
        self._database = Database(self._dsn, timeout, self._schema)
        self._timeout = timeout

    @classmethod
    def from_url(cls, url: str) -> StoragePostgres:
        """Return the storage of an address.

        Args:
            url: `postgresql://user@host:5432/database?sslmode=require`, or a mere
                `postgresql` for what the environment names.
        """
        return cls(url if "://" in url else None)

    @property
    def history(self) -> PostgresHistory:
        """What the database remembers of runs; see `Storage.history`."""
        held = self.__dict__.setdefault("_history", HeldHistory())
        if held.history is None:
            from dotflow_postgres.history import PostgresHistory

            held.history = PostgresHistory(
                self._dsn, self._timeout, self._schema, self.retention
            )
        history: PostgresHistory = held.history
        return history

    def post(
        self, key: str, context: Context, ttl: TTL = None, fingerprint: Digest = None
    ) -> None:
        """Store a context durably; see `Storage.post`."""
        row = self._row(context, ttl, fingerprint)
        if ttl is not None:
            self._database.execute(self._schema.purge)
        fence = current_fence.get()
        if fence is None:
            self._database.execute(self._schema.put, (_key(key), *row))
        elif not self._database.execute(
            self._schema.put_fenced, (*fence, _key(key), *row)
        ):
            raise fence.lost()

    def record(self, key: str) -> str | None:
        """Return the stored text of a key; see `Storage.record`."""
        return self._read(key)

    def delete(self, key: str) -> bool:
        """Remove a key; see `Storage.delete`."""
        return self._delete("key = %s", (_key(key),)) == 1

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the sorted keys with a prefix; see `Storage.list_keys`."""
        where, bounds = with_prefix(_text(prefix))
        rows = self._database.execute(self._schema.list(where), bounds)
        return [key for (key,) in rows]

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key with a prefix; see `Storage.delete_prefix`."""
        return self._delete(*with_prefix(_text(prefix)))

    def clear(self, workflow_id: UUID | str) -> None:
        """Remove the keys of one workflow; see `Storage.clear`."""
        owner = _text(str(workflow_id))
        where, bounds = with_prefix(f"{owner}-")
        self._delete(
            f"{where} AND (workflow_id IS NULL OR workflow_id = %s)", (*bounds, owner)
        )

    def get_fingerprint(self, key: str) -> str | None:
        """Return a key's fingerprint; see `Storage.get_fingerprint`."""
        rows = self._database.execute(self._schema.fingerprint, (_key(key),))
        given = rows[0][0] if rows else None
        return self.noted_fingerprint(key) if given is None else given

    def close(self) -> None:
        """Close the connections of this process; the next use opens new ones."""
        self.close_history()
        self._database.close()

    def __repr__(self) -> str:
        schema = "" if self._schema.schema is None else f"{self._schema.schema}."
        return (
            f"StoragePostgres({address_of(self._dsn)!r}, {schema}{self._schema.table})"
        )

    def _row(
        self, context: Context, ttl: TTL, fingerprint: Digest
    ) -> tuple[object, ...]:
        check_ttl(ttl)
        workflow_id = context.workflow_id
        return (
            None if workflow_id is None else _text(str(workflow_id)),
            None if ttl is None or ttl > _FOR_EVER else float(ttl),
            context.lineage if fingerprint is None else _text(fingerprint),
            self.codec.encode_context(context),
        )

    def _read(self, key: str) -> str | None:
        rows = self._database.execute(self._schema.get, (_key(key),))
        return rows[0][0] if rows else None

    def _replace(self, key: str, found: object, row: tuple[object, ...]) -> bool:
        name, schema = _key(key), self._schema
        statement, parameters = schema.create, (name, *row)
        if found is not None:
            statement, parameters = schema.replace, (*row, name, found)
        return bool(self._database.execute(statement, parameters, repeat=False))

    def _delete(self, where: str, parameters: tuple[object, ...]) -> int:
        rows = self._database.execute(self._schema.delete(where), parameters)
        count: int = rows[0][0]
        return count


def _text(text: str) -> str:
    """Return a text that PostgreSQL can hold, and refuse any other."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise StorageError(
            f"{text!r} is not valid Unicode text, so StoragePostgres cannot hold it as"
            f" a key: {error}"
        ) from error
    if "\0" in text:
        raise StorageError(
            f"{text!r} has a NUL character, which PostgreSQL has no form for."
        )
    return text


def _key(key: str) -> str:
    if (
        len(key) * 4 > _LONGEST_KEY
        and len(key.encode("utf-8", "replace")) > _LONGEST_KEY
    ):
        raise StorageError(
            f"The key {key[:40]!r}… is too long: PostgreSQL indexes {_LONGEST_KEY} bytes."
            " Give its task a shorter name."
        )
    return _text(key)
