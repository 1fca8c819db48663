"""The history in PostgreSQL passes the contract of histories."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from dotflow.errors import StorageError
from dotflow.testing import HistoryContract
from dotflow.testing.history_base import one, run
from dotflow.testing.history_processes import HistoryProcessTests
from dotflow_postgres import StoragePostgres


class _Place:
    keep_runs: int | None = 1000

    @pytest.fixture(autouse=True)
    def _place(self, server: Any, table: str) -> None:
        self.dsn, self.table = server.dsn, table

    def make_storage(self) -> StoragePostgres:
        return self.storage_factory()()

    def storage_factory(self) -> Callable[[], StoragePostgres]:
        return functools.partial(
            StoragePostgres, self.dsn, table=self.table, keep_runs=self.keep_runs
        )


class TestHistory(_Place, HistoryContract):
    """The whole contract of histories, against a real server."""


@pytest.mark.soak
class TestForAMinute(_Place, HistoryProcessTests):
    """Four processes write for a minute while another one reads."""

    seconds = 60.0
    keep_runs = None


def test_odd_names_of_tables(server: Any) -> None:
    """Tables with odd, long or similar names keep histories of their own, with indexes."""
    long = "t" * 60
    for table, schema in ((f"{long}_1", None), (f"{long}_2", None), ('a%s"b', "x%y")):
        storage = StoragePostgres(server.dsn, table=table, schema=schema)
        assert storage.history.runs() == []
        run_id = run(storage, one).run_id
        assert [told.run_id for told in storage.history.runs()] == [run_id]
        assert len(storage.history.events(run_id)) == 4
        storage.close()
    (found,) = server.query(
        "SELECT count(*) FROM pg_indexes WHERE tablename LIKE 'tttt%runs'"
    )
    assert found == (2 * 7,)


def test_lists_are_read_from_indexes(server: Any, table: str) -> None:
    """Each listing of runs has an index that gives its rows in their order."""
    storage = StoragePostgres(server.dsn, table=table)
    run(storage, one)
    with psycopg.connect(server.dsn) as connection:
        # Enough that the indexes differ in what they cost.
        fill = (
            f"INSERT INTO {table}_runs (run_id, workflow_id, mode, status, started,"
            " finished, tasks, process, heartbeat, metadata, graph, workflow, parent,"
            " identity) SELECT"
            " 'r' || i, 'w' || i % 50, 'm',"
            " CASE WHEN i % 100 = 0 THEN 'Failed' ELSE 'Completed' END,"
            " i, i, 1, '', i, '{}', '[]', 'n' || i % 49, 'p' || i % 50, '{}'"
            " FROM generate_series(1, 3000) AS i"
        )
        connection.execute(fill.encode())
        connection.execute(f"ANALYZE {table}_runs".encode())
        connection.execute(b"SET random_page_cost = 1")  # all of it is in memory
        ended = "finished IS NOT NULL AND status = 'Completed' AND"
        for where, index in (
            ("true", 0),
            ("status = 'Failed'", 1),
            (f"{ended} workflow = 'n7'", 2),
            (f"{ended} workflow_id = 'w7' AND workflow_id <> workflow", 3),
            ("parent = 'p7'", 4),
        ):
            text = (
                f"EXPLAIN SELECT * FROM {table}_runs WHERE {where}"
                " ORDER BY started DESC, run_id DESC LIMIT 20"
            )
            plan = str(connection.execute(text.encode()).fetchall())
            assert f"{table}_by_{index} " in plan
            assert "Sort" not in plan
    storage.close()


def test_a_newer_history_is_refused(server: Any, table: str) -> None:
    """Tables of a newer dotflow are neither read nor written, and it says what to do."""
    storage = StoragePostgres(server.dsn, table=table)
    run(storage, one)
    server.query(f"UPDATE {table}_history SET version = 99")
    with pytest.raises(StorageError, match="upgrade"):
        storage.history.runs()
    assert run(storage, one).status == "Completed"
    server.query(f"UPDATE {table}_history SET version = 1")
    assert len(storage.history.runs()) == 1
    storage.close()


def test_a_server_that_was_restarted(server: Any, table: str) -> None:
    """A run whose server was killed meanwhile loses no event, and is read by whom it was."""
    storage = StoragePostgres(server.dsn, table=table)

    def restart() -> None:
        server.kill()
        server.start()

    run_id = run(storage, one, restart, one, names=("a", "b", "c")).run_id
    events = storage.history.events(run_id)
    assert [event.seq for event in events] == list(range(1, 9))
    assert storage.history.run(run_id).status == "Completed"
    storage.close()
