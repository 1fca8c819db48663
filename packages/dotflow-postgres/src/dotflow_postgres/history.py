"""`PostgresHistory`: the runs that a database remembers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dotflow.errors import StorageError
from dotflow.history.rows import stored_text
from dotflow.history.sql_history import SQLHistory
from dotflow.history.sql_table import SQLTable
from dotflow_postgres.address import address_of
from dotflow_postgres.database import Database
from dotflow_postgres.history_schema import VERSION, HistorySchema

if TYPE_CHECKING:
    import psycopg

    from dotflow.abc.storage import Retention
    from dotflow.history.sql_queries import SQLConnection
    from dotflow_postgres.schema import Schema

# A history that cannot be written soon is given up, rather than hold up the run.
_TIMEOUT = 5.0


class _Statements:
    """A connection in a transaction; see `SQLConnection`."""

    def __init__(self, connection: psycopg.Connection[Any], schema: HistorySchema):
        self._connection = connection
        self._schema = schema

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        text = self._schema.translate(statement).encode()
        return self._connection.execute(text, [_held(value) for value in values])

    def executemany(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        text = self._schema.translate(statement).encode()
        rows = [[_held(value) for value in row] for row in values]
        with self._connection.cursor() as cursor:
            cursor.executemany(text, rows)


class _Nothing:
    """What reads as a history without runs: reading makes no tables."""

    def execute(self, _statement: str, _values: Sequence[Any] = ()) -> _Nothing:
        return self

    def executemany(self, _statement: str, _values: Iterable[Sequence[Any]]) -> None:
        raise AssertionError("nobody writes while reading")

    def fetchone(self) -> None:
        return None

    def fetchall(self) -> list[Any]:
        return []

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class _Tables(SQLTable):
    """Writes runs and their events to the tables of a schema; see `SQLTable`.

    Args:
        database: Where.
        schema: The tables.
        retention: How much is kept.
    """

    def __init__(
        self, database: Database, schema: HistorySchema, retention: Retention
    ) -> None:
        self.retention = retention
        self._database = database
        self._schema = schema

    @contextmanager
    def transaction(self) -> Iterator[SQLConnection]:
        """Begin a transaction that writes; tables that are missing are made before it."""
        check_version(self._database.execute(self._schema.version))
        with self._database.transaction(write=True) as connection:
            yield _Statements(connection, self._schema)

    def insert(self, connection: SQLConnection, statement: str, row: Any) -> int:
        """Insert a run; see `SQLTable.insert`."""
        found = connection.execute(f"{statement} RETURNING id", row).fetchone()
        number: int = found[0]
        return number


class PostgresHistory(SQLHistory):
    """The history beside the table of a storage; see `SQLHistory`.

    Args:
        dsn: The connection string.
        timeout: That of the storage.
        storage: The table of the storage.
        retention: How much is kept.
    """

    def __init__(
        self, dsn: str, timeout: float, storage: Schema, retention: Retention
    ) -> None:
        self._schema = HistorySchema(storage)
        self._database = Database(dsn, min(timeout, _TIMEOUT), self._schema)
        table = _Tables(self._database, self._schema, retention)
        super().__init__(address_of(dsn), table, retention)

    @contextmanager
    def reading(self) -> Iterator[SQLConnection]:
        """Begin a transaction that reads; see `SQLHistory.reading`."""
        with self._database.transaction(write=False) as connection:
            there = connection.execute(self._schema.there.encode(), ())
            if there.fetchall() == [(None,)]:
                yield _Nothing()
                return
            version = connection.execute(self._schema.version.encode(), ())
            check_version(version.fetchall())
            yield _Statements(connection, self._schema)

    def close(self) -> None:
        """Write what waits, and close the connections; the next use opens new ones."""
        super().close()
        self._database.close()


def check_version(rows: list[tuple[Any, ...]]) -> None:
    """Refuse tables that a newer dotflow has made.

    Args:
        rows: What was read of the table of the version.

    Raises:
        StorageError: They are newer.
    """
    if rows and rows[0][0] > VERSION:
        raise StorageError(
            f"The history was written by a newer dotflow (version {rows[0][0]}, this one"
            f" knows {VERSION}): upgrade dotflow-postgres."
        )


def _held(value: Any) -> Any:
    """Return a value as PostgreSQL can hold it."""
    return stored_text(value) if isinstance(value, str) else value
