"""Storages whose file or folder is deleted, or replaced, while a process uses it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
from functools import partial

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.pipeline import Pipeline
from dotflow.providers.storage_file import StorageFile
from dotflow.providers.storage_sqlite import StorageSQLite

KINDS = {
    "sqlite": lambda folder: StorageSQLite(folder / "runs.db"),
    "file": StorageFile,
}


@pytest.fixture(params=KINDS)
def make(request, tmp_path):
    """Return what makes a storage in one place, and what that place is."""
    place = tmp_path / "kept"
    return partial(KINDS[request.param], place), place


def delete(place):
    shutil.rmtree(place)


def replace(place):
    """Put another place under the name, as a restored backup does."""
    former, copied = place.parent / "former", place.parent / "copied"
    place.rename(former)
    # At once: a thread that opened what is still copied would find its file cut short.
    shutil.copytree(former, copied)
    copied.rename(place)


def flow_of(storage, *steps, **options):
    flow = DotFlow(Config(storage=storage), **options)
    for step in steps:
        flow.task.add(step)
    return flow


@action
def work():
    return 1


@pytest.mark.parametrize("change", [delete, replace])
@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_a_place_that_goes_during_a_run_fails_it(make, change, fixed, mode):
    """No task is Completed whose checkpoint went where nobody finds it."""
    made, place = make
    storage = made()

    @action
    def change_it():
        change(place)

    options = {"workflow_id": "shop"} if fixed else {}
    flow = flow_of(storage, work, **options)
    flow.task.add(change_it, depends_on=[work])
    flow.task.add(work, name="later", depends_on=[change_it])
    flow.start(mode=mode)
    _, changer, later = flow.result_task()
    if changer.status == "Completed":  # the history's thread came first, and opened it
        assert made().get(storage.key(changer)) is not None
        assert made().get(storage.key(later)) is not None
        return
    assert changer.status == "Failed"
    message = changer.errors[-1].message
    assert str(place) in message or "gone" in message
    assert later.status == "Skipped"


@pytest.mark.parametrize("change", [delete, replace])
@pytest.mark.parametrize("fixed", [True, False])
def test_a_place_that_goes_between_runs_is_made_anew(make, change, fixed, caplog):
    """The next run is in the new place, with its history, and a warning tells of it."""
    made, place = make
    storage = made()
    options = {"workflow_id": "shop"} if fixed else {}
    flow_of(storage, work, **options).start()
    change(place)
    flow = flow_of(storage, work, **options)
    with caplog.at_level(logging.WARNING, "dotflow"):
        flow.start()
    assert flow.result_task()[0].status == "Completed"
    assert "deleted or replaced" in caplog.text
    other = made()
    assert other.get(other.key(flow.result_task()[0])).storage == 1
    if other.history is not None:
        assert str(flow.workflow_id) in {
            str(r.workflow_id) for r in other.history.runs()
        }


def test_a_pipeline_whose_file_goes_says_so(tmp_path):
    """Neither a run that goes on nor the next one writes into a file that is gone."""
    place = tmp_path / "kept"
    storage = StorageSQLite(place / "runs.db")
    pipeline = Pipeline("shop", storage=storage)
    gone = []

    @pipeline.task()
    def first():
        if not gone:
            delete(place)
            gone.append(1)
        return 1

    @pipeline.task()
    def second(first):
        return first

    with pytest.raises(StorageError, match=r"deleted or replaced"):
        pipeline.run()
    assert pipeline.run()["tasks"]["second"]["status"] == "SUCCESS"
    found = Pipeline("shop", storage=StorageSQLite(place / "runs.db")).state_store
    assert found.list_runs()[0].status == "SUCCESS"


def test_a_thread_goes_on_in_the_file_that_another_has_opened(tmp_path):
    """The deletion is told once, not to each thread with a connection of its own."""
    place = tmp_path / "kept"
    storage = StorageSQLite(place / "runs.db")
    opened, changed, found = threading.Event(), threading.Event(), []

    def serve():
        storage.post("k", Context(1))
        opened.set()
        changed.wait()
        storage.post("k", Context(2))
        found.append(storage.get("k").storage)

    thread = threading.Thread(target=serve)
    thread.start()
    opened.wait()
    delete(place)
    with pytest.raises(StorageError, match="deleted or replaced"):
        storage.post("other", Context(3))
    changed.set()
    thread.join()
    assert found == [2]


EXIT = """
import logging, sys, threading
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

logging.disable(logging.CRITICAL)
storage = StorageSQLite(sys.argv[1])

@action
def work(initial_context):
    if initial_context.storage == 20:
        busy.set()
    return initial_context.storage

def read():
    while True:
        for run in storage.history.runs():
            storage.history.run(run.run_id)
        storage.list_keys()

busy = threading.Event()
flow = DotFlow(Config(storage=storage), workflow_id="shop")
for number in range(3000):
    flow.task.add(work, initial_context=number)
flow.start(mode="background", wait_at_exit=False)
for _ in range(2):
    threading.Thread(target=read, daemon=True).start()
busy.wait()
"""


def test_exit_beside_threads_in_sqlite(tmp_path):
    """A script that ends beside an unwaited run and readers ends with 0, in silence."""
    ends = []
    for number in range(5):
        done = subprocess.run(
            [sys.executable, "-c", EXIT, str(tmp_path / f"{number}.db")],
            capture_output=True,
        )
        ends.append((done.returncode, done.stderr))
    assert ends == [(0, b"")] * 5
