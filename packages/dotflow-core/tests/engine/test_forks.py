"""Processes beside a run, and runs inside processes of others."""

from __future__ import annotations

import sys
import time

import pytest

from dotflow import DotFlow, action

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


def test_a_process_forked_beside_a_background_run_ends(script):
    """What is forked while a run goes on, by the run or beside it, ends by itself."""
    program = script(
        """
import multiprocessing
from dotflow import DotFlow, action

def child():
    run.wait(1)  # of a run that is not in this process
    inner = DotFlow()
    inner.task.add(action(lambda: 7))
    inner.start(mode="background").wait()
    assert inner.result_storage() == [7]

def fork():
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    return process.exitcode

@action
def step():
    note("begun")
    while not (HERE / "forked").exists():
        time.sleep(0.01)
    return fork()

workflow = DotFlow()
workflow.task.add(step)
run = workflow.start(mode="background")
while not (HERE / "begun").exists():
    time.sleep(0.01)
print(fork())
note("forked")
run.wait()
print(workflow.result_storage())
"""
    )
    done = program.run()
    assert done.stdout == "0\n[0]\n", done.stderr


def test_isolated_steps_end_at_once_in_the_background():
    """The process of an isolated step ends by itself, so nobody waits to kill it."""

    @action(isolate=True)
    def isolated():
        return 1

    def seconds(mode):
        workflow = DotFlow()
        workflow.task.add([isolated] * 5)
        began = time.monotonic()
        workflow.start(mode=mode).wait()
        assert workflow.result_storage() == [1] * 5
        return time.monotonic() - began

    # It was a second for each of them.
    assert seconds("background") < 5 * seconds("sequential") + 2.5


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workflows_in_daemonic_processes(script, method):
    """In the daemonic workers of a pool every mode runs, as do isolated steps."""
    program = script(
        """
import multiprocessing
from dotflow import DotFlow, Pipeline, action

@action
def plain():
    return 1

@action(isolate=True)
def isolated():
    return os.getpid()

def inside(mode):
    assert multiprocessing.current_process().daemon
    if mode == "pipeline":
        pipeline = Pipeline("inside")
        pipeline.task(name="one", process=True)(os.getpid)
        return pipeline.run()["status"]
    workflow = DotFlow()
    workflow.task.add(plain)
    workflow.task.add(isolated, group_name="other" if mode == "groups" else "g")
    run = workflow.start(mode="sequential" if mode == "groups" else mode)
    run.wait()
    assert multiprocessing.current_process().daemon
    assert workflow.result_storage()[1] != os.getpid()
    return run.status

MODES = ("sequential", "groups", "background", "parallel", "threads", "async", "pipeline")

if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(1) as pool:
        print(*pool.map(inside, MODES))
"""
    )
    done = program.run(method)
    assert done.stdout.split() == ["Completed"] * 6 + ["SUCCESS"], done.stderr


def test_workers_end_with_a_daemonic_process(script, processes):
    """A daemonic process that is ended takes its workers with it."""
    program = script(
        """
import multiprocessing
from dotflow import DotFlow, action

@action
def step():
    note("pid", os.getpid())
    time.sleep(1000)

def inside():
    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode="parallel")

if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=inside, daemon=True)
    process.start()
    while not (HERE / "pid").exists():
        time.sleep(0.01)
    time.sleep(0.1)
"""
    )
    program.run()
    processes.wait_until_dead(int(program.first_line("pid")))
