"""Equal cached calls that run at once are computed once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dotflow import Config, DotFlow, Pipeline, RunContext, action
from dotflow.errors import SwapNotSupported
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite


@pytest.fixture(params=["memory", "sqlite", "file"])
def kept(request, tmp_path):
    return {
        "memory": StorageDefault,
        "sqlite": lambda: StorageSQLite(tmp_path / "runs.db"),
        "file": lambda: StorageFile(path=tmp_path),
    }[request.param]()


@pytest.fixture
def notes(tmp_path):
    """Return a file that steps in any process append to."""
    return tmp_path / "notes"


def note(notes):
    with Path(notes).open("a") as file:
        file.write("x")
    time.sleep(0.1)  # so that the others come meanwhile


@action(cache=True)
def slow(initial_context):
    note(initial_context.storage)
    return 1


@action(cache=True)
async def slow_async(initial_context):
    note(initial_context.storage)
    await asyncio.sleep(0.1)
    return 1


def tasks_of(workflow):
    return [(task.status, task.current_context.storage) for task in workflow.task.queue]


@pytest.mark.parametrize("step", [slow, slow_async], ids=["sync", "async"])
@pytest.mark.parametrize("mode", ["threads", "async", "parallel"])
def test_equal_tasks_of_a_run(mode, step, kept, notes):
    """Of equal tasks that could run at once one does, and the others have its result."""
    workflow = DotFlow(Config(storage=kept))
    for number in range(4):
        workflow.task.add(step, initial_context=str(notes), name=f"task{number}")
    workflow.start(mode=mode, max_parallel=4)
    assert tasks_of(workflow) == [("Completed", 1)] * 4
    assert notes.read_text() == "x"


def test_equal_tasks_of_groups(kept, notes):
    """The same holds for the first tasks of groups."""
    workflow = DotFlow(Config(storage=kept))
    for number in range(3):
        workflow.task.add(
            slow, initial_context=str(notes), name=f"t{number}", group_name=f"g{number}"
        )
    workflow.start()
    assert tasks_of(workflow) == [("Completed", 1)] * 3
    assert notes.read_text() == "x"


@pytest.mark.parametrize("mode", ["sequential", "threads", "async", "parallel"])
def test_equal_items_of_a_map(mode, kept, notes):
    """The same holds for the items of a map, and the results are in their places."""

    @action
    def paths():
        return [str(notes), str(notes) + "2", str(notes), str(notes) + "2"]

    workflow = DotFlow(Config(storage=kept))
    workflow.task.add(paths)
    workflow.task.add(name_of_noted, map_over="paths")
    workflow.start(mode=mode, max_parallel=4)
    assert workflow.result_storage()[1] == ["notes", "notes2", "notes", "notes2"]
    assert notes.read_text() == "x"


@action(cache=True)
def name_of_noted(item):
    note(item)
    return Path(item).name


def in_threads(run, number=4):
    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_equal_tasks_of_two_runs(kept, notes):
    """Runs in threads of one process wait for each other's result."""
    seen = []

    def run():
        workflow = DotFlow(Config(storage=kept))
        workflow.task.add(slow, initial_context=str(notes))
        workflow.start()
        seen.extend(tasks_of(workflow))

    in_threads(run)
    assert seen == [("Completed", 1)] * 4
    assert notes.read_text() == "x"


def test_equal_tasks_of_two_runs_of_a_pipeline(kept, notes):
    """Runs of a Pipeline in one event loop do so, too."""
    pipeline = Pipeline("p", storage=kept)
    calls = []

    @pipeline.task(cache=True)
    async def work(context: RunContext[str]):
        calls.append(context.deps)
        await asyncio.sleep(0.05)
        return context.deps

    async def both():
        return await asyncio.gather(
            *(pipeline.run_once(RunContext(name)) for name in "aabba")
        )

    runs = asyncio.run(both())
    assert [pipeline.state_store.get_run(r).tasks["work"].result for r in runs] == [
        *"aabba"
    ]
    assert sorted(calls) == ["a", "b"]


def test_a_list_that_a_running_step_changes_does_not_hide_it(kept):
    """What a step notes while it runs makes no other step of an equal one."""
    calls = []

    @action(cache=True)
    def step():
        calls.append(1)
        time.sleep(0.1)

    def run():
        workflow = DotFlow(Config(storage=kept))
        workflow.task.add(step)
        workflow.start()

    in_threads(run)
    assert calls == [1]


def test_who_waits_for_a_step_that_fails_computes_it(kept):
    """A failure is nobody's result: the next one runs the step itself."""
    calls = []

    @action(cache=True, retry=1)
    def step():
        calls.append(1)
        time.sleep(0.05)
        if len(calls) == 1:
            raise ConnectionError
        return len(calls)

    workflow = DotFlow(Config(storage=kept))
    for name in "abc":
        workflow.task.add(step, name=name)
    workflow.start(mode="threads", keep_going=True)
    done = sorted(status for status, _ in tasks_of(workflow))
    assert done == ["Completed", "Completed", "Failed"]
    assert calls == [1, 1]


def test_a_step_that_waits_for_a_limit_holds_up_nobody(kept):
    """It computes its result once it has the limit; the run inside one has its own."""

    @action(cache=True, limit="db")
    def inner():
        return 1

    @action(limit="db")
    def outer():
        workflow = DotFlow(Config(storage=kept))
        workflow.task.add(action(inner.func, cache=True))
        workflow.start()
        return workflow.result_storage()[0]

    workflow = DotFlow(Config(storage=kept))
    workflow.task.add([outer, inner])
    workflow.start(mode="threads")
    assert tasks_of(workflow) == [("Completed", 1)] * 2


@pytest.mark.parametrize(
    ("in_loop", "outer"),
    [(False, "sequential"), (True, "sequential"), (True, "async")],
)
def test_a_step_that_runs_itself_inside_does_not_wait_for_itself(in_loop, outer, kept):
    """What only goes on once this run has ended is computed, and not waited for."""
    begun = []

    def blocking():
        begun.append(1)
        if len(begun) > 1:
            return "inner"
        workflow = DotFlow(Config(storage=kept))
        workflow.task.add(step)
        workflow.start()
        return workflow.result_storage()[0]

    async def blocking_the_loop():
        return blocking()

    shared = blocking_the_loop if in_loop else blocking
    step = action(shared, cache=True, cache_key=lambda: "one")
    workflow = DotFlow(Config(storage=kept))
    workflow.task.add(step)
    workflow.start(mode=outer)
    assert tasks_of(workflow) == [("Completed", "inner")]


PROGRAM = """
import sys, time
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile, StorageSQLite

kind, place = sys.argv[1:]
storage = StorageSQLite("runs.db") if kind == "sqlite" else StorageFile(path="kept")

@action(cache=True)
def step():
    with open("notes", "a") as notes:
        notes.write("x")
    time.sleep(0.5)
    return 1

flow = DotFlow(Config(storage=storage))
flow.task.add(step)
flow.start()
print(flow.result_storage())
"""


@pytest.mark.parametrize("kind", ["sqlite", "file"])
def test_processes_wait_for_each_other(kind, tmp_path):
    """Where processes share the storage, one of them computes what all need."""
    program = tmp_path / "job.py"
    program.write_text(PROGRAM)
    running = [
        subprocess.Popen(
            [sys.executable, program, kind, "."],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
        )
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == [
        "[1]"
    ] * 3
    assert (tmp_path / "notes").read_text() == "x"


class NoSwaps(StorageFile):
    """As a service that speaks S3 and knows no conditional writes."""

    shared = False

    def atomic_swap(self, *args, **options):
        raise SwapNotSupported("there are no conditional writes")


def test_a_storage_that_can_hold_no_lease(tmp_path, notes):
    """Where the storage turns out to hold no lease, results are cached all the same."""
    workflow = DotFlow(Config(storage=NoSwaps(path=tmp_path)))
    for number in range(2):
        workflow.task.add(slow, name=f"step {number}", initial_context=str(notes))
    assert workflow.start(mode="threads").status == "Completed"
    assert workflow.start().status == "Completed"
    assert notes.read_text() == "x"


DYING = """
import os
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

@action(cache=True)
def step():
    if not os.path.exists("died"):
        open("died", "w").close()
        os._exit(1)
    return 1

flow = DotFlow(Config(storage=StorageSQLite("runs.db")))
flow.task.add(step)
flow.start()
print(flow.result_storage())
"""


def test_what_a_dead_process_was_computing_is_computed_again(tmp_path):
    """A process that dies in a cached step keeps no other from computing its result."""
    program = tmp_path / "job.py"
    program.write_text(DYING)
    ran = [
        subprocess.run(
            [sys.executable, program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        for _ in range(2)
    ]
    assert [done.returncode for done in ran] == [1, 0]
    assert ran[1].stdout.strip() == "[1]"


def test_a_storage_that_fails_leaves_nothing_begun(tmp_path):
    """After an error of the storage a further run computes what this one could not."""

    class Failing(StorageSQLite):
        broken = True

        def atomic_swap(self, *args, **kwargs):
            if self.broken:
                raise OSError("full")
            return super().atomic_swap(*args, **kwargs)

    storage = Failing(tmp_path / "runs.db")

    @action(cache=True)
    def step():
        return 1

    def run():
        workflow = DotFlow(Config(storage=storage))
        workflow.task.add(step)
        workflow.start()
        return tasks_of(workflow)

    assert run() == [("Failed", None)]
    storage.broken = False
    assert run() == [("Completed", 1)]


def test_a_lease_that_was_given_back_is_no_result(tmp_path):
    """What stands there for a moment, when a run has let others compute, is no value."""

    class Lasting(StorageSQLite):
        def atomic_swap(self, key, expected, new, ttl=None, fingerprint=None):
            return super().atomic_swap(key, expected, new, ttl and 60, fingerprint)

    storage = Lasting(tmp_path / "runs.db")
    calls = []

    @action(cache=True)
    def step():
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("not yet")
        return 1

    found = []
    for _ in range(3):
        workflow = DotFlow(Config(storage=storage))
        workflow.task.add(step, name="step")
        workflow.start()
        found += tasks_of(workflow)
    assert found == [("Failed", None), ("Completed", 1), ("Completed", 1)]
    assert calls == [1, 1]
