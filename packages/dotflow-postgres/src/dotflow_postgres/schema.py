"""`Schema`: the one table, and the statements on it."""

# ruff: noqa: S608 - of what is put into the statements, names are quoted, and the rest is
# texts of this module; values are parameters

from __future__ import annotations

from dotflow.errors import ProviderError

_LONGEST_NAME = 63  # bytes; PostgreSQL cuts off the rest without an error
_LIVE = "(expires_at IS NULL OR expires_at > clock_timestamp())"
_LAST = chr(0x10FFFF)


class Schema:
    """The names and statements of one table.

    A ttl is measured by the server's clock, the same for all of its clients.

    Args:
        table: The table's name.
        schema: The schema it is in; None for the first one of the search path.

    Raises:
        ProviderError: A name is empty or too long.

    Attributes:
        locked: What keeps other processes from making tables beside it, and makes the
            schema.
        definition: What makes it, where it is missing.
        durable: What makes a commit wait for the disk, where the server is set not to.
    """

    def __init__(self, table: str, schema: str | None = None) -> None:
        self.table = _checked("table", table)
        self.schema = None if schema is None else _checked("schema", schema)
        name = quoted(table) if schema is None else f"{quoted(schema)}.{quoted(table)}"
        make = (
            () if schema is None else (f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}",)
        )
        # Two processes that make it at once would fail in the catalogue.
        text = "'" + name.replace("'", "''") + "'"
        lock = f"SELECT pg_advisory_xact_lock(hashtext('dotflow'), hashtext({text}))"
        self.locked = (lock, *make)
        self.definition = (
            *self.locked,
            f"""CREATE TABLE IF NOT EXISTS {name} (
                key text COLLATE "C" PRIMARY KEY,
                workflow_id text,
                expires_at timestamptz,
                fingerprint text,
                record text NOT NULL
            )""",
            f"""CREATE INDEX IF NOT EXISTS {quoted(table[:40] + "_expires_at")}
                ON {name} (expires_at) WHERE expires_at IS NOT NULL""",
        )
        self.durable = (
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
        name = name.replace("%", "%%")  # psycopg's mark of a parameter
        self._name = name
        values = (
            "VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s), %s, %s)"
        )
        update = """
            workflow_id = excluded.workflow_id,
            expires_at = excluded.expires_at,
            fingerprint = excluded.fingerprint,
            record = excluded.record
        """
        insert = (
            f"INSERT INTO {name} AS old (key, workflow_id, expires_at, fingerprint, record)"
            f" {values} ON CONFLICT (key) DO UPDATE SET {update}"
        )
        self.put = insert
        # The lock keeps the lease as it is until the row is there.
        row = values.replace("VALUES (", "SELECT ").rstrip(")") + " FROM fence"
        fence = (
            f"WITH fence AS (SELECT 1 FROM {name} WHERE key = %s AND fingerprint = %s"
            " FOR SHARE)"
        )
        self.put_fenced = f"{fence} {insert.replace(values, row)} RETURNING 1"
        self.create = f"{insert} WHERE old.expires_at <= clock_timestamp() RETURNING 1"
        self.replace = f"""
            UPDATE {name} SET workflow_id = %s,
                expires_at = clock_timestamp() + make_interval(secs => %s),
                fingerprint = %s, record = %s
            WHERE key = %s AND record = %s AND {_LIVE} RETURNING 1
        """
        self.get = f"SELECT record FROM {name} WHERE key = %s AND {_LIVE}"
        self.fingerprint = f"SELECT fingerprint FROM {name} WHERE key = %s AND {_LIVE}"
        # Rows that somebody else works on are left for another time: no deadlock.
        self.purge = f"""
            DELETE FROM {name} WHERE key IN (
                SELECT key FROM {name} WHERE expires_at <= clock_timestamp()
                ORDER BY key LIMIT 1000 FOR UPDATE SKIP LOCKED
            )
        """

    def list(self, where: str) -> str:
        """Return the statement that lists live keys.

        Args:
            where: A condition.
        """
        return f"SELECT key FROM {self._name} WHERE {where} AND {_LIVE} ORDER BY key"

    def delete(self, where: str) -> str:
        """Return the statement that removes keys, and counts the live ones.

        Args:
            where: A condition.
        """
        return (
            f"WITH gone AS (DELETE FROM {self._name} WHERE {where} RETURNING expires_at)"
            f" SELECT count(*) FROM gone WHERE {_LIVE}"
        )


def with_prefix(prefix: str) -> tuple[str, tuple[str, ...]]:
    """Return a condition for keys with a prefix, and its parameters.

    It is a range, which the primary key's index serves and in which no character is
    special: the collation "C" orders texts by their bytes, as UTF-8 does code points.

    Args:
        prefix: The prefix.
    """
    kept = prefix.rstrip(_LAST)
    if not kept:
        return "starts_with(key, %s)", (prefix,)
    after = ord(kept[-1]) + 1
    if after == 0xD800:
        after = 0xE000  # past the surrogates, which UTF-8 has no form for
    return "key >= %s AND key < %s", (prefix, kept[:-1] + chr(after))


def _checked(argument: str, name: str) -> str:
    if not name or "\0" in name or len(name.encode()) > _LONGEST_NAME:
        raise ProviderError(
            f"StoragePostgres({argument}={name!r}): a name has 1 to {_LONGEST_NAME} bytes."
        )
    return name


def quoted(name: str) -> str:
    """Return a name as statements have it."""
    return '"' + name.replace('"', '""') + '"'
