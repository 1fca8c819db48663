"""`SQLiteStateStore`: what is in the file, and what cannot be."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3

import pytest

from dotflow import Pipeline, RunContext, SQLiteStateStore
from dotflow.errors import EncodeError, StorageError
from dotflow.pipeline import JsonSerializer, PickleSerializer
from dotflow.providers import StorageSQLite


class Money:
    """A type that JSON has no form for."""

    def __init__(self, amount):
        self.amount = amount

    def __eq__(self, other):
        return isinstance(other, Money) and self.amount == other.amount

    __hash__ = None


VALUES = [
    None,
    0,
    "text",
    (1, (2,)),
    {"a": {1, 2}, 3: b"bytes"},
    dt.date(2026, 5, 28),
    float("inf"),
    Money(5),
]


@pytest.fixture
def open_store(tmp_path):
    """Open the same file again and again, as other processes would."""
    stores = []

    def open_again(**options):
        stores.append(SQLiteStateStore(tmp_path / "runs.db", **options))
        return stores[-1]

    yield open_again
    for store in stores:
        store.close()


def one_task(store, func):
    pipeline = Pipeline("p", state_store=store)
    pipeline.task(name="a")(func)
    return pipeline


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_results_keep_their_type(open_store, value):
    """A result read back from the file equals what the task returned."""
    context = RunContext(None, {"batch": (1, 2)})
    run_id = one_task(open_store(), lambda: value).run(context)["run_id"]
    run = open_store().get_run(run_id)
    assert run.tasks["a"].result == value
    assert type(run.tasks["a"].result) is type(value)
    assert run.metadata == {"batch": (1, 2)}


def test_a_report_is_the_same_in_every_process(open_store):
    """The report of a run is equal whichever store reads it."""
    pipeline = one_task(open_store(), lambda: 1 / 0)
    pipeline.task(name="below")(lambda a: 1)
    pipeline.task(name="other")(lambda: [1])
    report = pipeline.run()
    again = Pipeline("p", state_store=open_store()).get_run_report(report["run_id"])
    assert again == report
    assert "ZeroDivisionError" in again["tasks"]["a"]["error"]


def test_serializers(open_store):
    """JSON refuses what it cannot hold; pickle keeps it."""
    report = one_task(open_store(serializer=JsonSerializer()), lambda: Money(1)).run()
    assert report["status"] == "FAILED"
    assert "Money" in report["tasks"]["a"]["error"]
    pickled = open_store(serializer=PickleSerializer())
    run_id = one_task(pickled, lambda: Money(1)).run()["run_id"]
    assert pickled.get_run(run_id).tasks["a"].result == Money(1)
    with pytest.raises(EncodeError, match="no pickle"):
        PickleSerializer().dumps(lambda: 1)
    with pytest.raises(StorageError):
        PickleSerializer().loads(b"damaged")
    report = one_task(pickled, lambda: lambda: 1).run()
    assert report["tasks"]["a"]["status"] == "FAILED"


def test_a_result_is_on_disk_before_the_next_task(open_store, tmp_path):
    """When a task begins, the file holds what it was given."""
    pipeline = one_task(open_store(), lambda: "kept")
    seen = []

    @pipeline.task()
    def b(a):
        connection = sqlite3.connect(tmp_path / "runs.db")
        query = "SELECT result FROM pipeline_tasks WHERE name = 'a'"
        seen.extend(connection.execute(query).fetchone())
        connection.close()

    pipeline.run()
    assert seen == ['"kept"']


def test_a_storage_may_share_the_file(open_store, tmp_path):
    """Checkpoints of workflows and runs of pipelines live in one file."""
    storage = StorageSQLite(tmp_path / "runs.db")
    assert storage.list_keys() == []
    assert one_task(open_store(), lambda: 1).run()["status"] == "SUCCESS"
    storage.database.close()


def test_the_file_of_another_program(tmp_path):
    """A database that is not dotflow's is left alone."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(StorageError, match="another program"):
        SQLiteStateStore(path)
    with pytest.raises(ValueError, match="no file"):
        SQLiteStateStore(":memory:")


def test_a_file_that_cannot_be_written(tmp_path):
    """A run that cannot be recorded does not begin."""
    ran = []
    (tmp_path / "folder").touch()
    store = SQLiteStateStore(tmp_path / "folder" / "runs.db")
    with pytest.raises(StorageError):
        one_task(store, lambda: ran.append(1)).run()
    assert ran == []


def test_a_disk_that_fails_at_a_result(open_store, monkeypatch):
    """A result that does not reach the file is not counted as one."""
    store = open_store()
    pipeline = one_task(store, lambda: 1)
    change = type(store._database).change

    def failing(self, statement, parameters=()):
        if "result = ?" in statement:
            raise StorageError("disk full")
        return change(self, statement, parameters)

    monkeypatch.setattr(type(store._database), "change", failing)
    report = pipeline.run()
    monkeypatch.undo()
    assert report["tasks"]["a"]["status"] == "FAILED"
    assert "disk full" in report["tasks"]["a"]["error"]
    resumed = asyncio.run(pipeline.resume(report["run_id"]))
    assert open_store().get_run(resumed).tasks["a"].result == 1


def test_ended_runs_are_not_kept_in_memory(open_store):
    """A process that runs for years remembers no run that has ended."""
    store = open_store()
    pipeline = one_task(store, lambda: 1)
    assert pipeline.run() == pipeline.get_run_report(store.list_runs()[0].run_id)
    assert store._runs == {}
