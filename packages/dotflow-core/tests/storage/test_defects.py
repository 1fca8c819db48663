"""Defects of dotflow 1.x that must not come back, by their numbers in the reference."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
from datetime import datetime
from types import SimpleNamespace

import pytest

from dotflow.model.context import Context
from dotflow.providers.storage_file import StorageFile
from dotflow.providers.storage_sqlite import StorageSQLite
from dotflow.testing.storage_processes import count
from dotflow.testing.storage_types import assert_same


@pytest.fixture(params=["file", "sqlite"])
def make(request, tmp_path):
    """Return what makes a storage, in this process or another."""
    if request.param == "file":
        return functools.partial(StorageFile, path=tmp_path)
    return functools.partial(StorageSQLite, tmp_path / "runs.db")


def test_defect_2_repeated_posts_do_not_pile_up(make):
    """Stored twice, as a restore does, 1 comes back as 1 and not as [1, 1]."""
    for _ in range(3):
        storage = make()
        storage.post("wf-a", Context(1))
        assert storage.get("wf-a").storage == 1


@pytest.mark.parametrize("value", [None, [], [1, 2, 3], 0, "", {}, False])
def test_defect_3_none_and_lists_come_back(make, value):
    """None and plain lists are read back as such, and not as a missing key."""
    make().post("wf-a", Context(value, "01JTASK"))
    found = make().get("wf-a")
    assert found.task_id == "01JTASK"
    assert_same(found.storage, value)


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        datetime(2013, 1, 1),
        {1, 2},
        b"bytes",
        {1: "int key"},
        [1, 2, 3],
        {"at": datetime(2013, 1, 1)},
    ],
    ids=repr,
)
def test_defect_12_types_come_back(make, value):
    """No type is turned into another one by being stored."""
    make().post("wf-a", Context(value))
    assert_same(make().get("wf-a").storage, value)


def test_defect_13_killed_write_keeps_the_old_value(make, in_child):
    """A kill in the middle of a write leaves the old value, not an empty file."""
    make().post("wf-a", Context("old", "t"))

    def die(*_args):
        os.kill(os.getpid(), signal.SIGKILL)

    def write():
        storage = make()
        if isinstance(storage, StorageFile):
            os.write = die
        else:
            with storage.database.transaction() as connection:
                connection.execute("UPDATE checkpoints SET record = ''")
                die()
        storage.post("wf-a", Context("new", "t"))

    assert in_child(write) == -signal.SIGKILL
    assert make().get("wf-a").storage == "old"


def test_defect_13_two_writers_leave_one_value(make):
    """Child and parent that store the same result leave it once."""
    make().post("wf-a", Context({"rows": 1}))
    make().post("wf-a", Context({"rows": 1}))
    assert make().get("wf-a").storage == {"rows": 1}
    assert make().list_keys() == ["wf-a"]


def test_defect_13_keys_do_not_escape(tmp_path):
    """A key with `../` is a file in the folder like any other."""
    storage = StorageFile(path=tmp_path / "a" / "b" / "c")
    task = SimpleNamespace(checkpoint_key="../../x")
    storage.post(storage.key(task), Context(1))
    assert storage.get(storage.key(task)).storage == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert list((tmp_path / "a" / "b").iterdir()) == [tmp_path / "a" / "b" / "c"]
    assert list(storage.path.iterdir()) == [storage.path / "tasks"]


def test_defect_14_swaps_of_processes_are_atomic(make):
    """Four processes of a hundred increments each count to four hundred."""
    make().post("count", Context(0))
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=count, args=(make, "count", 100)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert make().get("count").storage == 400
