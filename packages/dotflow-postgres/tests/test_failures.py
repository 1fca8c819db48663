"""A server that is down, refuses, or comes back."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import psycopg
import pytest

from dotflow.errors import DecodeError, StorageError
from dotflow.model.context import Context
from dotflow.testing import StorageFaultContract, StorageRestartContract
from dotflow.testing.fault_contract import within
from dotflow.testing.faults import faulty_endpoint
from dotflow.testing.threads import at_once
from dotflow_postgres import StoragePostgres, database

VALUE = Context(storage=[1, 2], task_id="01JTASK")
SECRET = "hush-hush"


class TestFaults(StorageFaultContract):
    """The shared promise of storages whose server fails."""

    secrets = (SECRET,)
    faults = (
        "drips",
        "endless",
    )  # libpq waits for each connection two seconds at least

    def make_storage_at(self, url: Any) -> StoragePostgres:
        return StoragePostgres(
            f"postgresql://me:{SECRET}@{url.host}:{url.port}/db", timeout=1
        )


class TestRestart(StorageRestartContract):
    """The shared promise of storages whose server comes back."""

    @pytest.fixture(autouse=True)
    def _server(self, server: Any, table: str) -> None:
        self.server, self.table = server, table

    def make_storage(self, timeout: float = 30.0) -> StoragePostgres:
        return StoragePostgres(self.server.dsn, table=self.table, timeout=timeout)


def test_lost_swap_is_not_repeated(server: Any, table: str) -> None:
    """A swap whose answer is lost is an error, since nobody knows its outcome."""
    storage = StoragePostgres(server.dsn, table, timeout=60)
    storage.post("k", VALUE)
    with psycopg.connect(server.dsn) as other:
        # The storage reads, and then waits for this lock.
        other.execute(f"SELECT * FROM {table} FOR UPDATE")

        def cut() -> None:
            ended: list[Any] = []
            while not ended:
                ended = server.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE%'"
                )

        cutter = threading.Thread(target=cut)
        cutter.start()
        with pytest.raises(StorageError, match="not known whether"):
            storage.atomic_swap("k", VALUE, Context(storage=3))
        cutter.join()
    assert storage.get("k").storage == [1, 2]
    storage.close()


def test_hanging_statement(server: Any, table: str) -> None:
    """A statement that hangs is an error in time, and no loss later on."""
    storage = StoragePostgres(server.dsn, table, timeout=0.5)
    storage.post("k", VALUE)
    with psycopg.connect(server.dsn) as other:
        other.execute(f"SELECT * FROM {table} FOR UPDATE")
        with pytest.raises(StorageError, match=r"did not answer within 0\.5 s"):
            storage.post("k", Context(storage="late"))
    StoragePostgres(server.dsn, table).post("k", Context(storage="after"))
    assert storage.get("k").storage == "after"
    storage.close()


def test_wrong_password(server: Any) -> None:
    """A refused login names the server and shows no password."""
    dsn = f"host=127.0.0.1 port={server.port} user=tester password={SECRET} dbname=db"
    with pytest.raises(StorageError, match=f"127.0.0.1:{server.port}/db") as caught:
        StoragePostgres(dsn).get("k")
    assert SECRET not in str(caught.value)


def test_no_permission(server: Any, table: str) -> None:
    """A user without rights is told which ones to ask for."""
    server.query(f"CREATE ROLE {table} LOGIN PASSWORD 'pw'")
    dsn = f"postgresql://{table}:pw@127.0.0.1:{server.port}/postgres"
    storage = StoragePostgres(dsn, table)
    with pytest.raises(StorageError, match="CREATE on its schema"):
        storage.get("k")
    StoragePostgres(server.dsn, table).post("k", VALUE)
    with pytest.raises(StorageError, match="Grant this user SELECT"):
        storage.get("k")
    server.query(f"GRANT SELECT ON {table} TO {table}")
    assert storage.get("k").storage == [1, 2]
    storage.close()


def test_read_only(server: Any, table: str) -> None:
    """A read-only server is said to be one."""
    StoragePostgres(server.dsn, table).post("k", VALUE)
    storage = StoragePostgres(
        f"{server.dsn}?options=-c%20default_transaction_read_only%3Don", table
    )
    assert storage.get("k").storage == [1, 2]
    with pytest.raises(StorageError, match="connect to the primary server"):
        storage.post("k", VALUE)
    storage.close()


def test_missing_database(server: Any) -> None:
    """A database that does not exist is named."""
    dsn = server.dsn.replace("/postgres", "/nowhere")
    with pytest.raises(StorageError, match=r'/nowhere: .*"nowhere" does not exist'):
        StoragePostgres(dsn).get("k")


def test_foreign_table(server: Any, table: str) -> None:
    """A table of something else is left alone."""
    server.query(f"CREATE TABLE {table} (number integer)")
    with pytest.raises(StorageError, match="choose another table="):
        StoragePostgres(server.dsn, table).post("k", VALUE)


def test_dropped_table(server: Any, table: str) -> None:
    """A table that was dropped meanwhile is made again."""
    storage = StoragePostgres(server.dsn, table)
    storage.post("k", VALUE)
    server.query(f"DROP TABLE {table}")
    assert storage.get("k").storage is None
    storage.post("k", VALUE)
    assert storage.list_keys() == ["k"]
    storage.close()


def test_table_made_once(server: Any, table: str) -> None:
    """Of many that need a new table at once, one makes it and none fails."""

    def use(number: int) -> None:
        storage = StoragePostgres(server.dsn, table, schema=f"s_{table}")
        storage.post(f"{number}", VALUE)

    at_once(*[partial(use, number) for number in range(12)])
    storage = StoragePostgres(server.dsn, table, schema=f"s_{table}")
    assert len(storage.list_keys()) == 12
    storage.close()


def test_damaged_record(server: Any, table: str) -> None:
    """A record that something else has changed is an error that names its key."""
    storage = StoragePostgres(server.dsn, table)
    storage.post("k", VALUE)
    server.query(f"UPDATE {table} SET record = '{{'")
    with pytest.raises(DecodeError, match=f"'k'.*{table}"):
        storage.get("k")
    with pytest.raises(DecodeError, match="'k'"):
        storage.atomic_swap("k", VALUE, VALUE)
    storage.close()


@pytest.mark.parametrize(
    ("key", "said"),
    [("k" * 5000, "too long"), ("a\0b", "NUL"), ("\ud800", "not valid Unicode")],
)
def test_impossible_keys(server: Any, table: str, key: str, said: str) -> None:
    """A key that PostgreSQL cannot hold is refused with the reason."""
    storage = StoragePostgres(server.dsn, table)
    with pytest.raises(StorageError, match=said):
        storage.post(key, VALUE)


def test_a_server_that_was_not_there_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never answers is given up after the time for connecting, not that of a call."""
    monkeypatch.setattr(database, "CONNECT_SECONDS", 0.3)
    with faulty_endpoint("hangs") as url:
        address = f"postgresql://{url.host}:{url.port}/db"
        storage = StoragePostgres(address, timeout=3600)
        with pytest.raises(StorageError, match="did not answer"):
            within(60, lambda: storage.get("k"))
