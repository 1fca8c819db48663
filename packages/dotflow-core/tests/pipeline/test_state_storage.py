"""Runs of pipelines in a storage: what other processes find there, and what is refused."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from dotflow import Config, Pipeline
from dotflow.abc.storage import Storage
from dotflow.errors import DecodeError, EncodeError, StorageError
from dotflow.model.context import Context
from dotflow.pipeline import InMemoryStateStore, RunContext
from dotflow.pipeline.state_sqlite import SQLiteStateStore
from dotflow.pipeline.state_storage import StorageCannotKeepRuns, StorageStateStore
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite


def dead_process() -> str:
    """Return the token of a process that has ended."""
    code = "from dotflow.base.liveness import process_token; print(process_token())"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def storage(tmp_path):
    return StorageFile(path=tmp_path / "kept")


@pytest.mark.parametrize("given", ["storage", "config"])
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_persistent_storage_makes_a_pipeline_durable(tmp_path, given, kind):
    """However the storage is given, another pipeline finds the run and its results."""

    def make():
        if kind == "file":
            storage = StorageFile(path=tmp_path / "kept")
        else:
            storage = StorageSQLite(tmp_path / "kept.db")
        if given == "storage":
            return Pipeline("p", storage=storage)
        return Pipeline("p", config=Config(storage=storage))

    first = make()
    first.task(name="a")(lambda: {1, 2})
    run_id = first.run()["run_id"]
    assert make().get_run_report(run_id)["tasks"]["a"]["result"] == {1, 2}


def test_a_storage_in_memory_keeps_runs_in_memory():
    """Without a storage that others see, the runs are this process's alone."""
    for pipeline in (Pipeline("p"), Pipeline("p", storage=StorageDefault())):
        assert type(pipeline.state_store) is InMemoryStateStore
    assert type(Pipeline("p", config=Config()).state_store) is InMemoryStateStore


class Bare(Storage):
    """Stores and finds, and no more."""

    def __init__(self):
        self.kept = {}

    def post(self, key, context, ttl=None, fingerprint=None):
        self.kept[key] = context

    def get(self, key):
        return self.kept.get(key, Context())

    def key(self, task):
        return task.checkpoint_key


def test_a_storage_that_cannot_keep_runs_is_refused():
    """The constructor says what is missing and what to do, and a store given works."""
    with pytest.raises(StorageCannotKeepRuns, match="InMemoryStateStore") as caught:
        Pipeline("p", storage=Bare())
    assert caught.value.missing == ("atomic_swap", "delete", "list_keys")
    assert Pipeline("p", storage=Bare(), state_store=InMemoryStateStore()).run


def test_results_are_where_a_workflow_would_keep_them(storage):
    """A task's checkpoint has the key of a `DotFlow` whose id is the run's."""
    pipeline = Pipeline("p", storage=storage)
    pipeline.task(name="odd name")(lambda: 1)
    run_id = pipeline.run()["run_id"]
    found = storage.get(f"{run_id}-odd%20name")
    assert (found.storage, found.run_id, found.workflow_id) == (1, run_id, run_id)


def test_a_checkpoint_counts_before_its_status(storage):
    """Of a dead process's running task with a result the result counts."""
    store = StorageStateStore(storage)
    store.create_run("01RUN", "p", ["a", "b", "c"])
    store.mark_running("01RUN", "a")
    store.mark_success("01RUN", "a", None)
    store.mark_running("01RUN", "b")
    record = storage.get("~pipeline-01RUN")
    record.storage["owner"] = dead_process()
    storage.post("~pipeline-01RUN", record)
    storage.post("01RUN-b", Context(storage=2, task_id="x", workflow_id="01RUN"))

    run = StorageStateStore(storage).get_run("01RUN")
    found = {name: (task.status, task.error) for name, task in run.tasks.items()}
    assert found == {
        "a": ("SUCCESS", None),
        "b": ("SUCCESS", None),
        "c": ("SKIPPED", "PROCESS_CRASH"),
    }
    assert run.tasks["b"].result == 2
    (listed,) = StorageStateStore(storage).list_runs("p", "FAILED")
    assert (listed.run_id, listed.finished_at) == ("01RUN", run.finished_at)


def test_a_process_that_was_taken_for_dead_writes_no_more(storage):
    """Once another process has changed a run's record, its former owner is refused."""
    store = StorageStateStore(storage)
    store.create_run("01RUN", "p", ["a"])
    record = storage.get("~pipeline-01RUN")
    record.storage["finished"] = 1.0
    storage.post("~pipeline-01RUN", record)
    with pytest.raises(StorageError, match="not this process's any more"):
        store.mark_running("01RUN", "a")


def test_a_run_of_a_living_process_is_running_for_others(storage):
    """While its process lives nobody marks a run, and the list says that it goes on."""
    seen = []
    pipeline = Pipeline("p", storage=storage)

    @pipeline.task()
    def look():
        other = StorageStateStore(storage)
        (run,) = other.list_runs()
        seen.extend([run.status, other.get_run(run.run_id).tasks["look"].status])

    assert pipeline.run()["status"] == "SUCCESS"
    assert seen == ["RUNNING", "RUNNING"]


def test_a_result_that_was_not_retained_is_made_again(storage):
    """It leaves the storage, and a resumed run makes it again for whoever needs it."""
    ran = []
    pipeline = Pipeline("p", storage=storage)

    @pipeline.task(retain_result=False)
    def big():
        ran.append("big")
        return 3

    @pipeline.task()
    def small(big):
        ran.append("small")
        if len(ran) < 3:
            raise ValueError("not yet")
        return big

    run_id = pipeline.run()["run_id"]
    assert storage.list_keys(run_id) == []
    resumed = asyncio.run(Pipeline.resume(pipeline, run_id))
    report = pipeline.get_run_report(resumed)
    assert report["tasks"]["small"]["result"] == 3
    assert ran == ["big", "small", "big", "small"]


def test_metadata_is_kept_as_it_was_at_the_beginning(storage):
    """A task that edits what the run was given does not come between it and its record."""
    pipeline = Pipeline("p", storage=storage)
    metadata = {"tags": ["a"]}

    @pipeline.task()
    def edit(context: RunContext):
        context.metadata["tags"].append("b")

    run_id = pipeline.run(RunContext(None, metadata))["run_id"]
    report = Pipeline("p", storage=storage).get_run_report(run_id)
    assert (report["status"], report["metadata"]) == ("SUCCESS", {"tags": ["a"]})


def test_what_cannot_be_stored_fails_its_task(tmp_path):
    """Its task fails and names the value's type; nothing is taken for done."""
    pipeline = Pipeline("p", storage=StorageFile(path=tmp_path, codec="json"))
    pipeline.task(name="a")(lambda: object())
    task = pipeline.run()["tasks"]["a"]
    assert task["status"] == "FAILED"
    assert EncodeError.__name__ in task["error"] or "object" in task["error"]


def test_a_forgotten_run_leaves_nothing(storage):
    """`forget_run` removes the record and the results, of this run alone."""
    pipeline = Pipeline("p", storage=storage)
    pipeline.task(name="a")(lambda: 1)
    first, second = pipeline.run()["run_id"], pipeline.run()["run_id"]
    pipeline.state_store.forget_run(first)
    assert [run.run_id for run in pipeline.state_store.list_runs()] == [second]
    assert storage.list_keys(first) == []
    with pytest.raises(KeyError):
        pipeline.get_run_report(first)


def test_sqlite_keeps_rows(tmp_path):
    """In a SQLite file a change of a status writes one row, not the whole run."""
    pipeline = Pipeline("p", storage=StorageSQLite(tmp_path / "kept.db"))
    assert isinstance(pipeline.state_store, SQLiteStateStore)


def test_a_foreign_record_hides_no_run(storage, caplog):
    """A record that is none of dotflow's is told of, and the other runs are listed."""
    store = StorageStateStore(storage)
    store.create_run("RUN", "etl", ["one"])
    storage.post("~pipeline-ODD", Context(storage={"some": "thing"}))
    assert [run.run_id for run in store.list_runs()] == ["RUN"]
    assert "'ODD'" in caplog.text
    with pytest.raises(DecodeError, match="forget_run"):
        store.get_run("ODD")
    store.forget_run("ODD")
    assert not storage.list_keys("~pipeline-ODD")
