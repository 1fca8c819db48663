"""A map that was killed or failed goes on with what is missing of it."""

from __future__ import annotations

import pytest

from dotflow import action
from dotflow.engine.maps.mapped_results import MappedResults
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite

pytestmark = pytest.mark.start_methods

SCRIPT = """
import os, signal, sys
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile, StorageSQLite

kind, mode, spill, strike_at = sys.argv[1:5]
HERE = Path(__file__).parent
PARENT = os.getpid()
storage = (StorageFile if kind == "file" else StorageSQLite)(path=HERE / "store")
left = int(strike_at)
post = storage.post

def counted(key, context):
    global left
    post(key, context)
    if "~" in key and "~run" not in key and os.getpid() == PARENT:
        left -= 1
        if left == 0:
            os.kill(PARENT, signal.SIGKILL)

storage.post = counted

@action
def numbers():
    with open(HERE / "journal", "a") as file:
        file.write("numbers\\n")
    return list(range(12))

@action
def square(item):
    with open(HERE / "journal", "a") as file:
        file.write(f"{item}\\n")
    return None if item == 5 else item * item

@action
def total(square):
    return sum(value or 0 for value in square)

workflow = DotFlow(Config(storage=storage), workflow_id="maps")
workflow.task.add(numbers)
workflow.task.add(square, map_over=numbers, spill=spill == "spill")
workflow.task.add(total, depends_on=square)
workflow.start(mode=mode, resume=True, max_parallel=2)
mapped = workflow.task["square"]
print(workflow.task["total"].current_context.storage, mapped.mapped.restored)
"""


def stored(kind, folder):
    """Return the items whose results the storage holds."""
    storage = (StorageFile if kind == "file" else StorageSQLite)(path=folder / "store")
    try:
        keys = storage.list_keys("maps-square~")
    finally:
        storage.close()
    return {key.removesuffix(".json").rpartition("~")[2] for key in keys}


@pytest.mark.parametrize("spill", ["list", "spill"])
@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "async"])
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_after_a_kill_only_missing_items_run(kind, mode, spill, tmp_path, program):
    """Killed in the middle of a map, a new process runs the items without a result."""
    assert program(SCRIPT, kind, mode, spill, "5").returncode == -9
    journal = tmp_path / "journal"
    done = stored(kind, tmp_path)
    assert len(done) == 5
    before = journal.read_text().splitlines()
    result = program(SCRIPT, kind, mode, spill, "0")
    assert result.stdout.split() == ["481", "5"], result.stderr
    again = journal.read_text().splitlines()[len(before) :]
    assert sorted(again, key=int) == sorted(
        {str(item) for item in range(12)} - done, key=int
    )


@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_completed_map_does_not_run_again(kind, tmp_path, program):
    """After the end of a map a resumed run restores it, spilled or not."""
    for spill in ("list", "spill"):
        assert program(SCRIPT, kind, "sequential", spill, "0").returncode == 0
        before = (tmp_path / "journal").read_text()
        result = program(SCRIPT, kind, "sequential", spill, "0")
        assert result.stdout.split() == ["481", "12"], result.stderr
        assert (tmp_path / "journal").read_text() == before
        kept = 12 if spill == "spill" else 0
        assert len(stored(kind, tmp_path)) == kept
        (tmp_path / "journal").unlink()
        storage = StorageFile if kind == "file" else StorageSQLite
        storage(path=tmp_path / "store").clear("maps")


def test_a_failed_map_resumes_with_the_failed_items(quiet, tmp_path):
    """After a failure a resumed run repeats no item that has a result."""
    seen, broken = [], {3}

    @action
    def step(item):
        seen.append(item)
        if item in broken:
            raise ValueError
        return item

    def build():
        workflow = quiet(StorageSQLite(tmp_path / "runs.db"), "w")
        workflow.task.add(action(lambda: list(range(6))), name="numbers")
        workflow.task.add(step, map_over="numbers")
        return workflow

    build().start(keep_going=True)
    assert seen == list(range(6))
    broken.clear()
    workflow = build()
    workflow.start(resume=True)
    assert seen == [*range(6), 3]
    assert workflow.result_storage()[1] == list(range(6))
    assert workflow.task["step"].mapped.restored == 5


def test_a_new_run_takes_no_items_of_a_former_one(quiet, tmp_path):
    """Without `resume` every item runs again, whatever the storage holds."""
    seen = []

    @action
    def step(item):
        seen.append(item)
        if len(seen) == 2:
            raise ValueError
        return item

    workflow = quiet(StorageFile(path=tmp_path), "w")
    workflow.task.add(action(lambda: [1, 2, 3]), name="numbers")
    workflow.task.add(step, map_over="numbers")
    workflow.start()
    workflow.start()
    assert seen == [1, 2, 1, 2, 3]


def test_items_have_checkpoints_in_memory_too(quiet):
    """With a fixed id a map in memory goes on in the same process, and is cleared."""
    storage, seen = StorageDefault(), []

    @action
    def step(item):
        seen.append(item)
        if seen.count(2) == 1 and item == 2:
            raise ValueError
        return item

    workflow = quiet(storage, "w")
    workflow.task.add(action(lambda: [1, 2, 3]), name="numbers")
    workflow.task.add(step, map_over="numbers")
    workflow.start()
    assert storage.list_keys("w-step~") == ["w-step~0"]
    workflow.start(resume=True)
    assert seen == [1, 2, 2, 3]
    assert storage.list_keys("w-step~") == []


def test_without_an_id_items_leave_nothing_in_the_storage(quiet):
    """Where nobody can resume, no item is stored by itself."""
    storage = StorageDefault()
    workflow = quiet(storage)
    workflow.task.add(action(lambda: [1, 2, 3]), name="numbers")
    workflow.task.add(action(lambda item: item), name="step", map_over="numbers")
    workflow.start()
    assert len(storage.list_keys()) == 2


def test_spilled_results_are_a_sequence(quiet, tmp_path):
    """Spilled results are read like a list, and equal one."""
    workflow = quiet(StorageSQLite(tmp_path / "runs.db"))
    workflow.task.add(action(lambda: range(5)), name="numbers")
    workflow.task.add(
        action(lambda item: item * 2), name="twice", map_over="numbers", spill=True
    )
    workflow.task.add(action(lambda twice: sum(twice)), name="sum", depends_on="twice")
    workflow.start(mode="parallel")
    twice = workflow.task["twice"].current_context.storage
    assert isinstance(twice, MappedResults)
    assert twice == [0, 2, 4, 6, 8]
    assert (len(twice), twice[-1], twice[1:3]) == (5, 8, [2, 4])
    assert twice != [0]
    assert repr(twice) == "<MappedResults: 5 items of 'twice'>"
    with pytest.raises(IndexError):
        twice[5]
    assert workflow.task["sum"].current_context.storage == 20


def test_an_iterator_and_a_durable_storage_say_what_to_return(quiet, tmp_path):
    """An iterator cannot be stored: the failure names the task, the type, the way out."""

    class Cursor:
        def __iter__(self):
            return self

        def __next__(self):
            raise StopIteration

    workflow = quiet(StorageFile(path=tmp_path))
    workflow.task.add(action(lambda: Cursor()), name="numbers")
    workflow.task.add(action(lambda item: item), name="step", map_over="numbers")
    workflow.start()
    reason = workflow.task["numbers"].reason
    for part in ("'numbers'", "Cursor", "StorageFile", "range"):
        assert part in reason


def test_a_used_generator_is_not_mistaken_for_no_items(quiet):
    """A restored task whose iterator was read already fails the map clearly."""
    workflow = quiet(StorageDefault(), "w")
    workflow.task.add(action(lambda: iter([1, 2])), name="numbers")
    broken = [True]

    @action
    def step(item):
        if broken.pop() if broken else False:
            raise ValueError

    workflow.task.add(step, map_over="numbers")
    workflow.start()
    workflow.start(resume=True)
    assert "was read by an earlier run" in workflow.task["step"].reason
