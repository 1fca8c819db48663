"""Addresses, secrets, processes and threads."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
import traceback
from typing import Any

import pytest

from dotflow.errors import ProviderError
from dotflow.model.context import Context
from dotflow.providers.storage_url import storage_from_url
from dotflow.testing.imports import imported_by
from dotflow_postgres import StoragePostgres

SECRET = "hush-hush"
VALUE = Context(storage=1, task_id="01JTASK")
PATIENCE = 60.0  # seconds


def test_address_of_the_environment(
    server: Any, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an address `DATABASE_URL` is used, and else what libpq reads itself."""
    StoragePostgres(server.dsn, table).post("k", VALUE)
    monkeypatch.setenv("DATABASE_URL", server.dsn)
    assert StoragePostgres(table=table).get("k").storage == 1
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(server.port))
    monkeypatch.setenv("PGUSER", "tester")
    monkeypatch.setenv("PGPASSWORD", server.password)
    monkeypatch.setenv("PGDATABASE", "postgres")
    storage = StoragePostgres(table=table)
    assert storage.get("k").storage == 1
    assert (
        repr(storage) == f"StoragePostgres('127.0.0.1:{server.port}/postgres', {table})"
    )
    storage.close()


def test_from_url(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line's `--storage postgresql://…` leads here."""
    for url in (server.dsn, server.dsn.replace("postgresql:", "postgres:")):
        storage = storage_from_url(url)
        assert type(storage) is StoragePostgres
        assert storage.get("nothing").storage is None
        storage.close()
    monkeypatch.setenv("DATABASE_URL", server.dsn)
    assert f":{server.port}/postgres" in repr(storage_from_url("postgresql"))


@pytest.mark.parametrize("dsn", [f"host=h {SECRET}", f"postgresql://h:{SECRET}:x/%zz"])
def test_malformed_dsn(dsn: str) -> None:
    """A malformed connection string is refused at once, and not repeated."""
    with pytest.raises(ProviderError) as caught:
        StoragePostgres(dsn)
    assert "postgresql://user@host:5432/database" in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_bad_arguments() -> None:
    """What cannot work is refused before anything runs."""
    for arguments in ({"timeout": 0}, {"table": ""}, {"schema": "s" * 64}):
        with pytest.raises(ProviderError, match=next(iter(arguments))):
            StoragePostgres("", **arguments)
    with pytest.raises(ValueError, match="codec='yaml'"):
        StoragePostgres("", codec="yaml")


def test_shows_no_password() -> None:
    """Neither repr nor str shows the password, and a pickled copy is the same."""
    for dsn in (
        f"postgresql://me:{SECRET}@h:1/d",
        f"host=h port=1 dbname=d password={SECRET}",
    ):
        storage = StoragePostgres(dsn, schema="s")
        for one in (storage, pickle.loads(pickle.dumps(storage))):
            assert (
                repr(one)
                == str(one)
                == "StoragePostgres('h:1/d', s.dotflow_checkpoints)"
            )


def test_strange_names(server: Any, table: str) -> None:
    """Any name of a table and a schema is taken literally."""
    storage = StoragePostgres(server.dsn, f"{table} %s'\"é", schema=f'{table}"; %')
    storage.post("k", VALUE, ttl=3600)
    assert storage.atomic_swap("k", VALUE, Context(storage=2)) is True
    assert storage.list_keys() == ["k"]
    assert storage.delete_prefix("k") == 1
    storage.close()


def test_commits_wait_for_the_disk(server: Any, table: str) -> None:
    """A server that is set to answer before a commit is durable is told otherwise."""
    storage = StoragePostgres(
        f"{server.dsn}?options=-c%20synchronous_commit%3Doff", table
    )
    storage.post("k", VALUE)
    assert storage._database.execute("SHOW synchronous_commit") == [("on",)]
    storage.close()


def test_expired_rows_are_removed(server: Any, table: str) -> None:
    """Expired keys do not pile up."""
    storage = StoragePostgres(server.dsn, table)
    storage.post("old", VALUE, ttl=0.01)
    deadline = time.monotonic() + PATIENCE
    while storage.get("old").task_id:
        assert time.monotonic() < deadline
    storage.post("forever", VALUE, ttl=float("inf"))
    assert server.query(f"SELECT key, expires_at FROM {table}") == [("forever", None)]
    storage.close()


def test_a_connection_for_each_thread(server: Any, table: str) -> None:
    """Threads have a connection each, and an ended one leaves none behind."""
    dsn = f"{server.dsn}?application_name={table}"
    storage = StoragePostgres(dsn, table)
    both = threading.Barrier(2, timeout=PATIENCE)

    def use() -> None:
        storage.post("k", VALUE)
        both.wait()
        both.wait()

    def connections() -> int:
        count = (
            f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{table}'"
        )
        return int(server.query(count)[0][0])

    thread = threading.Thread(target=use)
    thread.start()
    both.wait()
    assert storage.get("k").storage == 1
    assert connections() == 2
    both.wait()
    thread.join()
    storage.get("k")
    deadline = time.monotonic() + PATIENCE
    while connections() != 1:
        assert time.monotonic() < deadline
    storage.close()
    while connections() != 0:
        assert time.monotonic() < deadline


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_fork(server: Any, table: str) -> None:
    """A forked child has a connection of its own, and its end does not cut its parent's."""
    storage = StoragePostgres(server.dsn, table)
    storage.post("k", VALUE)
    [(session,)] = storage._database.execute("SELECT pg_backend_pid()")
    child = os.fork()
    if not child:
        code = 1
        try:
            storage.post("child", storage.get("k"))
            [(other,)] = storage._database.execute("SELECT pg_backend_pid()")
            storage.close()
            code = 0 if other != session else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert storage.get("child").storage == 1
    assert storage._database.execute("SELECT pg_backend_pid()") == [(session,)]
    storage.close()


def test_forked_child_that_ends_normally(server: Any, table: str) -> None:
    """A forked process that exits in the usual way warns of nothing."""
    program = f"""
import os
from dotflow.core.context import Context
from dotflow_postgres import StoragePostgres
storage = StoragePostgres({server.dsn!r}, {table!r})
storage.post("k", Context(storage=1))
child = os.fork()
if child:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(storage.get("k").storage)
"""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["1", "0", "1"], ran.stderr
    assert ran.stderr == ""


def test_import_is_light() -> None:
    """Importing the package does not import psycopg."""
    assert "psycopg" not in imported_by("import dotflow_postgres")
