"""Where tasks run: the loop, threads, processes, pools of one's own."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from dotflow import Pipeline, RunContext


def pid():
    return os.getpid()


def base(context: RunContext):
    return context.deps


async def add(base, pid):
    return base, pid


class Unpicklable(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} {b}")


def raise_unpicklable():
    raise Unpicklable(1, 2)


def test_coroutines_run_in_the_loop_and_functions_in_threads(pipeline, results):
    """Coroutines share the caller's loop; functions do not hold it up."""

    @pipeline.task()
    async def in_loop():
        return threading.get_ident()

    @pipeline.task()
    def in_thread():
        return threading.get_ident()

    found = results(pipeline)
    assert found["in_loop"] == threading.get_ident()
    assert found["in_thread"] != threading.get_ident()


def test_a_function_that_returns_a_coroutine(pipeline, results):
    """A coroutine that a plain function returns is run to its end as well."""

    async def later():
        return 5

    pipeline.task(name="task")(lambda: later())
    assert results(pipeline) == {"task": 5}


def test_a_task_in_a_process_of_its_own(pipeline, results):
    """`process=True` runs a task in another process, with its results and context."""
    pipeline.task(process=True)(pid)
    pipeline.task(process=True)(base)
    pipeline.task(process=True)(add)
    found = results(pipeline, RunContext("b"))
    assert found["pid"] != os.getpid()
    assert found["add"] == ("b", found["pid"])


def test_a_process_that_dies(pipeline, report):
    """A process that dies fails its task and nothing else."""
    pipeline.task(name="dies", process=True)(lambda: os._exit(3))
    pipeline.task(name="other")(lambda: 1)
    found = report(pipeline)["tasks"]
    assert "code 3" in found["dies"]["error"]
    assert found["other"]["status"] == "SUCCESS"


def test_a_pool_of_threads_of_ones_own(results):
    """A pool that was passed runs the functions, and stays open."""
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as pool:
        pipeline = Pipeline("p", executor=pool)
        pipeline.task(name="a")(lambda: threading.current_thread().name)
        assert results(pipeline)["a"].startswith("mine")
        assert pool.submit(lambda: 1).result() == 1


def test_a_pool_of_processes_of_ones_own(report, monkeypatch):
    """A pool of processes runs functions that can be imported, with any error."""
    monkeypatch.setitem(
        sys.modules, "cloudpickle", None
    )  # as where it is not installed
    with ProcessPoolExecutor(1) as pool:
        pipeline = Pipeline("p", executor=pool)
        for func in (pid, base, add, raise_unpicklable):
            pipeline.task()(func)
        pipeline.task(name="hangs", timeout_s=0.3)(lambda: time.sleep(60))
        pipeline.task(name="local")(lambda: 1)
        found = report(pipeline, RunContext("b"))["tasks"]
    assert found["pid"]["result"] != os.getpid()
    assert found["add"]["result"] == ("b", found["pid"]["result"])
    assert "Unpicklable: 1 2" in found["raise_unpicklable"]["error"]
    assert found["hangs"]["error"] == "Timeout after 0.3s"
    assert "cannot be sent to another process" in found["local"]["error"]


def test_a_pool_that_is_closed(report):
    """A pool that takes nothing more fails the tasks, and the run ends."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    pipeline = Pipeline("p", executor=pool)
    pipeline.task()(pid)
    found = report(pipeline)["tasks"]["pid"]
    assert found["status"] == "FAILED"
    assert "shutdown" in found["error"]


def test_threads_are_shared_inside_the_block(pipeline):
    """All runs inside `async with` share the threads, which end with it."""
    names = []

    @pipeline.task()
    def note():
        names.append(threading.current_thread())

    async def main():
        async with pipeline:
            await pipeline.run_once()
            await pipeline.run_once()
        pipeline.close()
        await pipeline.run_once()

    asyncio.run(main())
    assert names[0] is names[1]
    assert names[2] is not names[0]
