"""Runs that are ended early: by a deadline, a thread, another process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from textwrap import dedent

import pytest

from dotflow import Pipeline, RunContext
from dotflow.errors import StorageError
from dotflow.providers import StorageDefault, StorageSQLite


def all_kinds(pipeline, seen):
    """Declare a coroutine, a function and a process that never end by themselves."""

    @pipeline.task()
    async def coroutine():
        try:
            seen.append("coroutine")
            await asyncio.Event().wait()
        finally:
            seen.append("coroutine stopped")

    @pipeline.task()
    def function():
        try:
            seen.append("function")
            while True:
                time.sleep(0.001)
        finally:
            seen.append("function stopped")

    @pipeline.task(process=True)
    def process():
        time.sleep(600)

    @pipeline.task()
    def below(coroutine):
        seen.append("below")


@pytest.mark.untraced
def test_a_deadline_stops_what_runs(pipeline, wait_until):
    """At its deadline a run ends: coroutines, functions and processes are stopped."""
    seen = []
    all_kinds(pipeline, seen)
    tasks = pipeline.run(deadline=1)["tasks"]
    for name in ("coroutine", "function", "process"):
        assert tasks[name]["status"] == "FAILED"
        assert tasks[name]["error"] == "CANCELLED: its deadline of 1 s has passed"
    assert (tasks["below"]["status"], tasks["below"]["error"]) == (
        "SKIPPED",
        "CANCELLED",
    )
    wait_until(lambda: "function stopped" in seen)
    assert "coroutine stopped" in seen
    assert "below" not in seen


@pytest.mark.untraced
def test_cancel_from_a_thread(pipeline, wait_until):
    """`cancel()` from another thread stops what runs; `run` returns, nothing raises."""
    seen = []
    all_kinds(pipeline, seen)

    def cancel():
        wait_until(lambda: {"coroutine", "function"} <= set(seen))
        pipeline.cancel(reason="enough")

    canceller = threading.Thread(target=cancel)
    canceller.start()
    tasks = pipeline.run()["tasks"]
    canceller.join()
    assert {tasks[n]["error"] for n in ("coroutine", "function", "process")} == {
        "CANCELLED: enough"
    }
    wait_until(lambda: "function stopped" in seen)
    assert list(pipeline._engine._runs) == []
    pipeline.cancel()  # of no run, it does nothing


def test_cancel_one_of_several_runs(pipeline):
    """`cancel(run_id)` ends that run and no other of the same pipeline."""
    started = []
    running = asyncio.Event()

    @pipeline.task()
    async def wait(context: RunContext[asyncio.Event]):
        started.append(context)
        if len(started) == 2:
            running.set()
        await context.deps.wait()

    async def both():
        first, second = asyncio.Event(), asyncio.Event()
        runs = [
            asyncio.ensure_future(pipeline.run_once(RunContext(event)))
            for event in (first, second)
        ]
        await running.wait()
        assert len(list(pipeline._engine._runs)) == 2
        pipeline.cancel(next(iter(pipeline._engine._runs)))
        second.set()
        return [
            pipeline.get_run_report(run)["status"]
            for run in await asyncio.gather(*runs)
        ]

    assert asyncio.run(both()) == ["FAILED", "SUCCESS"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_cancel_ends_run_many(pipeline, asynchronous):
    """After `cancel()` no further context is run; the end of one run alone ends none."""

    @pipeline.task()
    async def cancels(context: RunContext[int]):
        if context.deps == 1:
            pipeline.cancel(next(iter(pipeline._engine._runs)))
        elif context.deps == 2:
            pipeline.cancel()

    async def later():
        for number in range(5):
            yield RunContext(number)

    contexts = later() if asynchronous else map(RunContext, range(5))
    assert len(asyncio.run(pipeline.run_many(contexts))) == 3


def test_a_cancelled_run_can_be_resumed(pipeline):
    """After a deadline a resume runs what was not completed, and only that."""
    ran, slow = [], [True]

    @pipeline.task()
    async def first():
        ran.append("first")

    @pipeline.task()
    async def second(first):
        ran.append("second")
        if slow.pop():
            await asyncio.Event().wait()

    run_id = pipeline.run(deadline=0.5)["run_id"]
    slow.append(False)
    report = pipeline.get_run_report(asyncio.run(pipeline.resume(run_id)))
    assert (report["status"], ran) == ("SUCCESS", ["first", "second", "second"])


def test_a_task_knows_the_time_that_is_left(pipeline, report):
    """A deadline of the run, and a timeout of the task, bound what its context tells."""

    @pipeline.task()
    async def plain(context: RunContext):
        return context.time_remaining_s()

    @pipeline.task(timeout_s=10)
    async def timed(context: RunContext):
        return context.time_remaining_s()

    tasks = pipeline.run(RunContext(None), deadline=100)["tasks"]
    assert 10 < tasks["plain"]["result"] <= 100
    assert 0 < tasks["timed"]["result"] <= 10
    tasks = report(pipeline, RunContext(None))["tasks"]
    assert tasks["plain"]["result"] is None
    assert 0 < tasks["timed"]["result"] <= 10


def test_a_context_still_ends_nothing_by_itself(pipeline, report):
    """A deadline of a context alone is for its tasks to ask for."""

    @pipeline.task()
    async def careless(context: RunContext):
        await asyncio.sleep(0)
        return context.deadline_exceeded()

    found = report(pipeline, RunContext(None).with_deadline_s(0))
    assert found["tasks"]["careless"]["result"] is True


@pytest.mark.untraced
def test_threads_of_ones_own_are_whole_afterwards(wait_until):
    """A pool whose thread was interrupted serves the next run."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pipeline = Pipeline("p", executor=pool)
        thread, slow = [], [True]

        @pipeline.task()
        def loop():
            thread.append(threading.get_ident())
            while slow:
                time.sleep(0.001)

        assert pipeline.run(deadline=0.5)["status"] == "FAILED"
        slow.clear()
        assert pipeline.run()["status"] == "SUCCESS"
        assert thread[0] == thread[1]


SCRIPT = """
    import sys
    import time

    from dotflow import Pipeline
    from dotflow.providers import StorageDefault, StorageSQLite

    pipeline = Pipeline("p", storage=StorageSQLite("runs.db"))


    @pipeline.task()
    def loop():
        print("started", flush=True)
        while True:
            time.sleep(0.01)


    print(pipeline.run()["tasks"]["loop"]["error"])
"""


def test_another_process_can_cancel_a_run(tmp_path):
    """`cancel(run_id)` of a pipeline with the same storage ends the run elsewhere."""
    (tmp_path / "script.py").write_text(dedent(SCRIPT))
    process = subprocess.Popen(
        [sys.executable, "script.py"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        assert process.stdout.readline() == "started\n"
        here = Pipeline("p", storage=StorageSQLite(tmp_path / "runs.db"))
        (run,) = here.state_store.list_runs()
        assert run.status == "RUNNING"

        blind = Pipeline("p", state_store=here.state_store, storage=StorageDefault())
        with pytest.raises(StorageError, match="storage=StorageSQLite"):
            blind.cancel(run.run_id)
        with pytest.raises(KeyError):
            here.cancel("no such run")
        here.cancel(run.run_id, "from afar")

        assert process.communicate(timeout=60)[0] == "CANCELLED: from afar\n"
        assert process.returncode == 0
        assert here.storage.list_keys() == [], "the request is gone"
        here.cancel(run.run_id)  # it has ended: there is nothing to do
        assert here.storage.list_keys() == []
    finally:
        process.kill()
        process.communicate()
    here.state_store.close()
    here.storage.close()
