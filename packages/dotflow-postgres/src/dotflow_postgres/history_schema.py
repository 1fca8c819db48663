"""`HistorySchema`: the tables of a history, and statements in PostgreSQL's spelling."""

# ruff: noqa: S608 - of what is put into the statements, names are quoted, and the rest is
# texts of this module

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from dotflow_postgres.schema import Schema, quoted

VERSION = 1
_TABLES = ("runs", "events", "maps", "failures", "facts")
_LONGEST = 54  # bytes, so that a name of ours fits behind it
_NAMED = re.compile(rf"\b(FROM|JOIN|INTO|UPDATE) ({'|'.join(_TABLES)})\b")


class HistorySchema:
    """The tables that keep runs, beside the one of a storage and named after it.

    Args:
        storage: The table of the storage.

    Attributes:
        definition: What makes them, where they are missing.
        durable: What is said to each connection: a history need not survive a crash of
            the server, and what is not waited for costs a fraction.
        version: Asks for the version of the tables.
        there: Asks whether there are any, which fails on nobody.
    """

    def __init__(self, storage: Schema) -> None:
        self._storage = storage
        prefix = storage.table
        if len(prefix.encode()) > _LONGEST:
            digest = hashlib.blake2b(prefix.encode(), digest_size=8).hexdigest()
            prefix = f"{prefix.encode()[:36].decode(errors='ignore')}_{digest}"
        self._prefix = prefix
        self.durable = "SELECT set_config('synchronous_commit', 'off', false)"
        meta = self._name("history")
        self.version = f"SELECT version FROM {meta}".replace("%", "%%")
        text = "'" + meta.replace("'", "''") + "'"
        self.there = f"SELECT to_regclass({text})::text".replace("%", "%%")
        names = {table: self._name(table) for table in _TABLES}
        self.definition = (
            *storage.locked,
            *(
                statement.format(
                    **names,
                    **{f"by_{n}": quoted(f"{prefix}_by_{n}") for n in range(11)},
                )
                for statement in _DEFINITION
            ),
            f"CREATE TABLE IF NOT EXISTS {meta} (version integer NOT NULL)",
            _first_version(meta),
        )
        self.translate = lru_cache(maxsize=256)(self._translate)

    def __reduce__(self) -> tuple[type[HistorySchema], tuple[Schema]]:
        return (type(self), (self._storage,))

    def _name(self, table: str) -> str:
        name = quoted(f"{self._prefix}_{table}")
        schema = self._storage.schema
        return name if schema is None else f"{quoted(schema)}.{name}"

    def _translate(self, statement: str) -> str:
        """Return a statement with our tables' names, and psycopg's parameters."""

        def named(found: re.Match[str]) -> str:
            return f"{found[1]} {self._name(found[2])} AS {found[2]}"

        text = _NAMED.sub(named, statement).replace("%", "%%")
        # SQLite's LIKE does not tell capital letters from small ones.
        return text.replace("?", "%s").replace(" LIKE ", " ILIKE ")


def _first_version(meta: str) -> str:
    return (
        f"INSERT INTO {meta} SELECT {VERSION} WHERE NOT EXISTS (SELECT 1 FROM {meta})"
    )


# What SQLite's tables have. An entry of an index must be short here, so what users name
# as they like is found by its hash, which any text has.
_DEFINITION = (
    """CREATE TABLE IF NOT EXISTS {runs} (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        run_id text COLLATE "C" NOT NULL UNIQUE,
        workflow_id text,
        name text,
        mode text NOT NULL,
        status text NOT NULL,
        started double precision NOT NULL,
        finished double precision,
        duration double precision,
        resumed_from text,
        tasks integer NOT NULL,
        process text NOT NULL,
        heartbeat double precision NOT NULL,
        metadata text NOT NULL,
        graph text NOT NULL,
        workflow text NOT NULL,
        parent text,
        identity text NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS {by_0} ON {runs} (started, run_id)",
    "CREATE INDEX IF NOT EXISTS {by_1} ON {runs} (status, started, run_id)",
    """CREATE INDEX IF NOT EXISTS {by_2} ON {runs} (workflow, status, started, run_id)
        WHERE finished IS NOT NULL""",
    """CREATE INDEX IF NOT EXISTS {by_3} ON {runs} (workflow_id, status, started, run_id)
        WHERE finished IS NOT NULL AND workflow_id <> workflow""",
    """CREATE INDEX IF NOT EXISTS {by_4} ON {runs} (parent, started, run_id)
        WHERE parent IS NOT NULL""",
    """CREATE TABLE IF NOT EXISTS {events} (
        run bigint NOT NULL,
        seq integer NOT NULL,
        time double precision NOT NULL,
        event text NOT NULL,
        task text,
        attempt integer,
        detail text,
        began double precision,
        PRIMARY KEY (run, seq)
    )""",
    """CREATE TABLE IF NOT EXISTS {maps} (
        run bigint NOT NULL,
        task text NOT NULL,
        completed integer NOT NULL,
        failed integer NOT NULL,
        restored integer NOT NULL,
        retried integer NOT NULL,
        total integer,
        PRIMARY KEY (run, task)
    )""",
    """CREATE TABLE IF NOT EXISTS {failures} (
        run bigint NOT NULL,
        seq integer NOT NULL,
        time double precision NOT NULL,
        workflow text NOT NULL,
        task text NOT NULL,
        error text NOT NULL,
        shape text NOT NULL,
        message text NOT NULL,
        PRIMARY KEY (run, seq)
    )""",
    "CREATE INDEX IF NOT EXISTS {by_6} ON {failures} (time)",
    "CREATE INDEX IF NOT EXISTS {by_7} ON {failures} USING hash (error)",
    """CREATE TABLE IF NOT EXISTS {facts} (
        run bigint NOT NULL,
        name text NOT NULL,
        value text NOT NULL,
        number double precision
    )""",
    """CREATE UNIQUE INDEX IF NOT EXISTS {by_8}
        ON {facts} (run, md5(name), md5(value))""",
    "CREATE INDEX IF NOT EXISTS {by_9} ON {facts} USING hash (value)",
    """CREATE INDEX IF NOT EXISTS {by_10} ON {facts} (number, run)
        WHERE number IS NOT NULL""",
)
