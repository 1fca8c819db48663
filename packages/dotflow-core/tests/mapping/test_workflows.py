"""Workflows that run whole for each item of a map."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time

import pytest

from dotflow import DotFlow, Pipeline, RunContext, action
from dotflow.errors import GraphError, InvalidTask
from dotflow.providers import StorageFile
from dotflow.testing import fake_clock

pytestmark = pytest.mark.start_methods

SCRIPT = """
import os, signal, sys
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

HERE = Path(__file__).parent

@action
def numbers():
    return list(range(6))

@action
def note(initial_context):
    with open(HERE / "journal", "a") as file:
        file.write(f"{initial_context.storage}\\n")
    return initial_context.storage

@action
def square(initial_context, previous_context):
    if previous_context.storage == 3 and sys.argv[1] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return previous_context.storage ** 2

child = DotFlow()
child.task.add(note).add(square)
workflow = DotFlow(Config(storage=StorageSQLite("store.db")), workflow_id="maps")
workflow.task.add(numbers)
workflow.task.add(child, name="each", map_over=numbers)
workflow.start(resume=True)
print(workflow.task["each"].current_context.storage)
"""


@action
def numbers():
    return [1, 2, 3]


@action
def half(initial_context):
    return initial_context.storage / 2


@action
def plus(initial_context, previous_context):
    return initial_context.storage + previous_context.storage


@action
async def later(previous_context):
    await asyncio.sleep(0)
    return previous_context.storage * 100


@action
def add_up(previous_context):
    return sum(previous_context.storage)


def child_of(*steps):
    child = DotFlow()
    for step in steps:
        child.task.add(step)
    return child


def mapped(quiet, child, storage=None, workflow_id=None):
    workflow = quiet(storage, workflow_id)
    workflow.task.add(numbers)
    workflow.task.add(child, name="each", map_over=numbers)
    return workflow


def test_a_workflow_runs_for_each_item(mode, quiet):
    """A workflow runs once for each item, as its initial context, with results in order."""
    workflow = mapped(quiet, child_of(half, plus))
    workflow.start(mode=mode).wait()
    assert workflow.result_storage() == [[1, 2, 3], [1.5, 3, 4.5]]
    assert workflow.task["each"].mapped.completed == 3
    assert [task.name for task in workflow.task] == ["numbers", "each"]


def test_async_steps_within(mode, quiet):
    """A workflow with async steps runs for each item too."""
    workflow = mapped(quiet, child_of(half, later))
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[1] == [50, 100, 150]


def test_async_steps_of_items_run_in_the_loop_of_the_run(quiet):
    """In mode async the workflows of several items run at once, in one event loop."""
    loops, inside, barrier = set(), [], asyncio.Event()

    @action
    async def meet(initial_context):
        loops.add(asyncio.get_running_loop())
        inside.append(initial_context.storage)
        if len(inside) == 3:
            barrier.set()
        await asyncio.wait_for(barrier.wait(), 60)
        return initial_context.storage

    workflow = mapped(quiet, child_of(meet))
    workflow.start(mode="async")
    assert workflow.result_storage()[1] == [1, 2, 3]
    assert len(loops) == 1


def test_several_ends_are_a_dictionary(quiet):
    """Where several tasks of the workflow are last the result is a dictionary by name."""
    child = DotFlow()
    child.task.add(half)
    child.task.add(plus, depends_on="half")
    child.task.add(later, depends_on="half")
    workflow = mapped(quiet, child)
    workflow.start()
    assert workflow.result_storage()[1][0] == {"plus": 1.5, "later": 50}


def test_a_task_keeps_its_own_initial_context(quiet):
    """A task within that has an initial context of its own keeps that."""
    child = DotFlow()
    child.task.add(half)
    child.task.add(plus, initial_context=1000)
    workflow = mapped(quiet, child)
    workflow.start()
    assert workflow.result_storage()[1] == [1000.5, 1001, 1001.5]
    assert [task.status for task in child.task] == ["Not started"] * 2


def test_a_failure_within_is_that_of_the_item(mode, quiet):
    """A failure in a workflow fails its item, and says which task it was and why."""

    @action
    def refuse(previous_context):
        if previous_context.storage == 1:
            raise ValueError("not one")
        return previous_context.storage

    workflow = mapped(quiet, child_of(half, refuse))
    workflow.start(mode=mode, keep_going=True).wait()
    task = workflow.task["each"]
    assert task.status == "Failed"
    assert task.current_context.storage == [0.5, None, 1.5]
    assert task.reason == (
        "1 of 3 items failed; item 1: task 'refuse' of the sub-workflow failed: not one"
    )
    [error] = task.errors
    assert (error.index, error.exception) == (1, "ValueError")
    assert "in refuse" in error.traceback


def test_timeouts_and_retries_within(mode, quiet):
    """Tasks within keep their timeouts and retries."""

    @action(timeout=0.2)
    def slow():
        time.sleep(60)

    tries = []

    @action(retry=3, retry_delay=0)
    def flaky():
        tries.append(1)
        if len(tries) % 3:
            raise OSError
        return "ok"

    workflow = mapped(quiet, child_of(flaky))
    workflow.start(mode=mode, max_parallel=1).wait()
    assert workflow.result_storage()[1] == ["ok"] * 3
    workflow = mapped(quiet, child_of(slow))
    workflow.start(mode=mode).wait()
    assert workflow.task["each"].outcome == "Timeout"


def test_retries_within_do_not_wait_under_a_fake_clock(quiet):
    """A fake clock also goes for the retries of tasks within."""
    tries = []

    @action(retry=2, retry_delay=3600)
    def flaky():
        tries.append(1)
        if len(tries) % 2:
            raise OSError

    workflow = mapped(quiet, child_of(flaky))
    with fake_clock() as clock:
        workflow.start()
    assert workflow.result_storage()[1] == [None] * 3
    assert clock.waits == [3600] * 3


def test_a_failed_item_is_resumed(mode, quiet, tmp_path):
    """A resume runs the workflow for those items only that have no result yet."""
    broken = tmp_path / "broken"
    broken.touch()

    @action
    def step(initial_context):
        with (tmp_path / "journal").open("a") as file:
            file.write(f"{initial_context.storage}\n")
        if initial_context.storage == 2 and broken.exists():
            raise ValueError
        return initial_context.storage

    storage = StorageFile(path=tmp_path / "store")
    workflow = mapped(quiet, child_of(step), storage, "maps")
    workflow.start(mode=mode, keep_going=True).wait()
    broken.unlink()
    workflow.start(mode=mode, resume=True).wait()
    assert workflow.task["each"].current_context.storage == [1, 2, 3]
    ran = (tmp_path / "journal").read_text().split()
    assert sorted(ran) == ["1", "2", "2", "3"]


def test_after_a_kill_only_missing_items_run(tmp_path, program):
    """A run killed within a workflow of an item repeats that item, and none before it."""
    assert program(SCRIPT, "die").returncode == -9
    done = program(SCRIPT, "live")
    assert done.stdout.strip() == "[0, 1, 4, 9, 16, 25]", done.stderr
    journal = (tmp_path / "journal").read_text().split()
    assert journal == ["0", "1", "2", "3", "3", "4", "5"]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_it_travels_to_fresh_processes(method, tmp_path, program):
    """The workflow of an item runs in processes that were not forked, too."""
    source = f"""
import multiprocessing
from dotflow import DotFlow, action

@action
def numbers():
    return [1, 2]

@action
def half(initial_context):
    return initial_context.storage / 2

if __name__ == "__main__":
    multiprocessing.set_start_method({method!r})
    child = DotFlow()
    child.task.add(half)
    workflow = DotFlow()
    workflow.task.add(numbers)
    workflow.task.add(child, name="each", map_over=numbers)
    workflow.start(mode="parallel")
    print(workflow.result_storage())
"""
    assert method in multiprocessing.get_all_start_methods()
    done = program(source)
    assert done.stdout == "[[1, 2], [0.5, 1.0]]\n", done.stderr


def test_workflows_within_workflows_and_maps_within(mode, quiet):
    """A workflow that is mapped may itself hold maps and workflows."""
    inner = child_of(half)
    child = DotFlow()
    child.task.add(
        action(lambda initial_context: range(initial_context.storage)), name="range"
    )
    child.task.add(inner, name="halves", map_over="range")
    child.task.add(child_of(add_up), name="sum")
    workflow = mapped(quiet, child)
    workflow.start(mode=mode).wait()
    assert workflow.result_storage()[1] == [0, 0.5, 1.5]


@pytest.mark.parametrize("mode", ["sequential", "background", "threads", "async"])
def test_a_pipeline_runs_for_each_item(mode, quiet):
    """A pipeline runs for each item too, which is the `deps` of its context."""
    pipeline = Pipeline("area")

    @pipeline.task()
    def side(context: RunContext[int]) -> int:
        return context.deps

    @pipeline.task()
    async def area(side: int, context: RunContext[int]) -> int:
        return side * context.deps

    workflow = quiet()
    workflow.task.add(numbers)
    workflow.task.add(pipeline, map_over=numbers)
    workflow.start(mode=mode).wait()
    assert workflow.task["area"].current_context.storage == [1, 4, 9]


def test_cancelling_ends_the_workflow_of_an_item(quiet):
    """A deadline ends what runs within, and starts no more."""
    began = []

    @action
    def wait(initial_context):
        began.append(initial_context.storage)
        time.sleep(60)

    workflow = mapped(quiet, child_of(wait, half))
    run = workflow.start(deadline=0.3)
    assert run.status == "Cancelled"
    assert workflow.task["each"].status == "Cancelled"
    assert began == [1]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_within_ends_the_run(error, quiet):
    """What ends the program does so from inside the workflow of an item."""

    @action
    def step():
        raise error

    workflow = mapped(quiet, child_of(step))
    with pytest.raises(error):
        workflow.start()


def test_a_result_with_actions_is_a_result(quiet):
    """An object with actions that a workflow results in is not run once more."""
    calls = []

    class Result:
        @action
        def run(self):
            calls.append(1)
            return "ran"

    child = child_of(action(lambda: None), action(Result))
    workflow = mapped(quiet, child)
    workflow.start()
    assert len(calls) == 3


@pytest.mark.parametrize(
    "options", [{"limit": "db"}, {"rate": "1/s"}, {"cache": True}], ids=str
)
def test_what_counts_for_the_whole_run_is_refused_within(options, quiet):
    """Limits, rates and caches within a mapped workflow are refused when it is added."""
    child = child_of(half, action(**options)(lambda: None))
    workflow = quiet()
    workflow.task.add(numbers)
    with pytest.raises(InvalidTask, match=r"'each'.*limit="):
        workflow.task.add(child, name="each", map_over=numbers)
    assert workflow.task.count() == 1


def test_what_is_wrong_with_it_is_found_when_it_is_added(quiet):
    """A mapped workflow whose tasks form no graph is refused at once."""
    child = DotFlow()
    child.task.add(half, depends_on="nowhere")
    with pytest.raises(GraphError, match="'nowhere'"):
        quiet().task.add(child, name="each", map_over="numbers")


def test_workflows_of_items_run_at_once(quiet):
    """In mode threads the workflows of several items run at the same time."""
    barrier = threading.Barrier(3, timeout=60)
    workflow = mapped(quiet, child_of(half, action(lambda: barrier.wait() >= 0)))
    workflow.start(mode="threads")
    assert workflow.result_storage()[1] == [True] * 3
