"""Runs that are ended early: by a thread, another process, a deadline."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import InvalidTask
from dotflow.providers import StorageFile, StorageSQLite

MODES = ("sequential", "parallel", "sequential_group", "threads", "async")


@pytest.mark.parametrize("mode", MODES)
def test_cancel_from_a_thread_ends_the_run(mode, tmp_path, wait_until):
    """cancel() from another thread stops what runs; start() returns, nothing raises."""

    @action
    def first():
        return 1

    @action
    async def async_loop(previous_context):
        import asyncio

        (tmp_path / "started").touch()
        await asyncio.Event().wait()  # which nobody sets

    @action
    def loop(previous_context):
        (tmp_path / "started").touch()
        until = time.monotonic() + (3 if mode == "threads" else 600)
        while time.monotonic() < until:
            time.sleep(0.01)

    workflow = DotFlow()
    workflow.task.add(first, group_name="a")
    step = async_loop if mode == "async" else loop
    workflow.task.add(step, depends_on=[first], name="loop", group_name="b")
    workflow.task.add(first, depends_on=["loop"], name="after", group_name="b")

    def cancel():
        wait_until((tmp_path / "started").exists)
        workflow.cancel("enough")

    canceller = threading.Thread(target=cancel)
    canceller.start()
    run = workflow.start(mode=mode)
    canceller.join()

    assert run.status == "Cancelled"
    states = [task.status for task in workflow.result_task()]
    assert states == ["Completed", "Cancelled", "Not started"]
    assert "enough" in workflow.task["loop"].reason


@pytest.mark.parametrize("mode", ["sequential", "background", "parallel"])
def test_a_deadline_ends_the_run(mode):
    """start(deadline=…) cancels what still runs when the time is over."""

    @action
    def loop():
        while True:
            time.sleep(0.01)

    workflow = DotFlow()
    workflow.task.add(loop)
    run = workflow.start(mode=mode, deadline=0.2)
    run.wait()

    assert run.status == "Cancelled"
    assert workflow.result_task()[0].status == "Cancelled"
    assert "0.2 s" in workflow.result_task()[0].reason


def test_a_deadline_interrupts_a_blocking_call():
    """In the main thread a deadline also ends a step that sleeps."""

    @action
    def sleep():
        time.sleep(600)

    workflow = DotFlow()
    workflow.task.add(sleep)
    run = workflow.start(deadline=0.2)

    assert run.status == "Cancelled"


@pytest.mark.parametrize("how", ["cancel", "deadline"])
@pytest.mark.parametrize("where", ["here", "in a thread", "beside a loop"])
@pytest.mark.parametrize("mode", [*MODES, "background"])
@pytest.mark.sampled
def test_a_coroutine_ends_wherever_it_runs(mode, where, how, tmp_path, wait_until):
    """cancel() and deadline= end a coroutine in every mode and thread, `finally` and all."""

    @action
    async def wait():
        (tmp_path / "started").touch()
        try:
            await asyncio.sleep(600)
        finally:
            await asyncio.sleep(0.1)
            (tmp_path / "cleaned").touch()

    workflow = DotFlow()
    workflow.task.add(wait)
    workflow.task.add(wait, group_name="other", name="beside")
    deadline = None if how == "cancel" else 0.5

    def start():
        workflow.start(mode=mode, deadline=deadline).wait()

    async def start_in_loop():
        await asyncio.to_thread(start) if mode == "background" else start()

    def cancel():
        wait_until((tmp_path / "started").exists)
        workflow.cancel("enough")

    canceller = threading.Thread(target=cancel if how == "cancel" else int)
    canceller.start()
    if where == "here":
        start()
    elif where == "in a thread":
        thread = threading.Thread(target=start)
        thread.start()
        thread.join()
    else:
        asyncio.run(start_in_loop())
    canceller.join()

    assert "Cancelled" in [task.status for task in workflow.result_task()]
    assert workflow.latest_run is None or workflow.latest_run.status == "Cancelled"
    assert (tmp_path / "cleaned").exists()


def test_a_coroutine_that_swallows_its_cancellation_gets_it_again():
    """A coroutine that goes on after it was cancelled is cancelled once more."""
    swallowed = []

    @action
    async def wait():
        while len(swallowed) < 2:
            try:
                await asyncio.sleep(600)
            except asyncio.CancelledError:
                swallowed.append(1)
        await asyncio.sleep(600)

    workflow = DotFlow()
    workflow.task.add(wait)
    thread = threading.Thread(target=workflow.start, kwargs={"deadline": 0.2})
    thread.start()
    thread.join(60)

    assert not thread.is_alive()
    assert workflow.result_task()[0].status == "Cancelled"


def test_an_async_item_source_ends_wherever_it_is_asked():
    """A deadline ends the wait for the next item of an async generator in a thread."""

    async def values():
        yield 1
        await asyncio.sleep(600)

    @action
    def items():
        return values()

    @action
    def take(item):
        return item

    workflow = DotFlow()
    workflow.task.add(items)
    workflow.task.add(take, map_over="items")
    thread = threading.Thread(target=workflow.start, kwargs={"deadline": 0.5})
    thread.start()
    thread.join(60)

    assert not thread.is_alive()
    assert workflow.task["take"].status == "Cancelled"


def test_a_timed_step_is_cancelled_not_timed_out():
    """A cancellation that hits a step with a timeout of its own is no timeout."""

    @action(timeout=600)
    def sleep():
        time.sleep(600)

    workflow = DotFlow()
    workflow.task.add(sleep)
    workflow.start(deadline=0.2)

    assert workflow.result_task()[0].outcome == "Cancelled"


@pytest.mark.parametrize("storage", [StorageSQLite, StorageFile])
def test_another_process_can_cancel_by_the_workflow_id(storage, tmp_path, wait_until):
    """cancel() on an object with the same id and storage ends the run elsewhere."""
    path = tmp_path / "store"
    script = tmp_path / "script.py"
    script.write_text(
        f"""
import time
from dotflow import Config, DotFlow, action
from dotflow.providers import {storage.__name__}

@action
def first():
    return 1

@action
def loop():
    print("started", flush=True)
    while True:
        time.sleep(0.01)

workflow = DotFlow(Config(storage={storage.__name__}(path={str(path)!r})), "job")
workflow.task.add([first, loop])
run = workflow.start()
print(run.status, [task.status for task in workflow.result_task()])
"""
    )
    process = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"

    DotFlow(Config(storage=storage(path=path)), "job").cancel()

    said = process.communicate(timeout=60)[0]
    assert said == "Cancelled ['Completed', 'Cancelled']\n"
    assert process.returncode == 0


def test_a_cancelled_run_can_be_resumed(tmp_path):
    """After a cancellation a resume runs what was not completed, and only that."""
    ran = []

    @action
    def first():
        ran.append("first")
        return 1

    @action
    def second():
        ran.append("second")
        if ran.count("second") == 1:
            while True:
                time.sleep(0.01)
        return 2

    config = Config(storage=StorageSQLite(tmp_path / "runs.db"))
    workflow = DotFlow(config, "job")
    workflow.task.add([first, second])
    workflow.start(deadline=2)  # enough to reach the second step on a busy machine
    run = workflow.start(resume=True)

    assert run.status == "Completed"
    assert ran == ["first", "second", "second"]
    assert workflow.result_storage() == [1, 2]


def test_a_request_for_an_earlier_run_does_not_end_the_next(tmp_path):
    """A request to cancel that came when nothing ran is forgotten by the next run."""
    workflow = DotFlow(Config(storage=StorageSQLite(tmp_path / "runs.db")), "job")

    @action
    def work():
        return 1

    workflow.task.add(work)
    workflow.cancel()

    assert workflow.start().status == "Completed"


@pytest.mark.parametrize("deadline", [0, -1, "soon", True])
def test_a_wrong_deadline_is_refused(deadline):
    """A deadline that is no number of seconds above 0 is an error before anything runs."""
    workflow = DotFlow()
    with pytest.raises(InvalidTask, match="deadline"):
        workflow.start(deadline=deadline)
