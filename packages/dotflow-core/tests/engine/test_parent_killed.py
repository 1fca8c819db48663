"""A run that is killed outright takes all of its processes with it."""

from __future__ import annotations

import os
import signal
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SCRIPT = """
import multiprocessing, subprocess
from dotflow import DotFlow, action

method, mode, work = sys.argv[1:4]

@action(isolate=mode == "sequential")
def step():
    note("pids", subprocess.Popen(["sleep", "1000"]).pid)
    if work == "nested":
        inner = DotFlow()
        inner.task.add([sleeps, sleeps])
        inner.start(mode="parallel", max_parallel=2)
    note("pids", os.getpid())
    if work == "c code":
        import ctypes
        mutex = ctypes.create_string_buffer(256)
        lock = ctypes.PyDLL(None).pthread_mutex_lock
        lock(mutex)
        lock(mutex)  # holds the GIL, and never returns
    if work == "swallow":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass

@action
def sleeps():
    note("pids", os.getpid())
    time.sleep(1000)

if __name__ == "__main__":
    multiprocessing.set_start_method(method)
    workflow = DotFlow()
    workflow.task.add(step, group_name="a")
    if mode != "sequential":
        workflow.task.add(step, group_name="b")
    workflow.start(mode=mode, max_parallel=2)
"""

CASES = [
    (method, mode, work)
    for method in ("fork", "spawn", "forkserver")
    for mode in ("parallel", "sequential_group", "sequential")
    for work in ("sleep", "c code")
] + [
    ("fork", "parallel", "swallow"),
    ("fork", "parallel", "nested"),
]


@pytest.mark.parametrize("case", CASES, ids=", ".join)
@pytest.mark.sampled
def test_a_killed_run_leaves_no_process(case, script, processes, wait_until):
    """After SIGKILL of a run its workers and what they started are gone."""
    program = script(SCRIPT)
    process = program.start(*case)
    _method, mode, work = case
    steps = 1 if mode == "sequential" else 2
    expected = steps * {"nested": 3}.get(work, 2)
    wait_until(lambda: len(program.lines("pids")) >= expected, "the steps to run")
    pids = [int(pid) for pid in program.lines("pids")]
    assert all(map(processes.is_alive, pids))
    process.kill()
    processes.wait_until_dead(*pids)
    program.finish(process)


def test_sigterm_ends_everything(script, processes, wait_until):
    """SIGTERM, as a container's stop sends it, ends the run with its processes."""
    program = script(SCRIPT)
    process = program.start("fork", "parallel", "sleep")
    wait_until(lambda: len(program.lines("pids")) >= 4, "the steps to run")
    process.terminate()
    assert program.finish(process).returncode == -signal.SIGTERM
    processes.wait_until_dead(*map(int, program.lines("pids")))


def test_a_worker_that_loses_its_parent_early_ends(script, processes):
    """A run killed while it starts its processes leaves none of them."""
    program = script(
        """
from dotflow import DotFlow, action
@action
def step():
    note("pids", os.getpid())
    time.sleep(1000)
workflow = DotFlow()
workflow.task.add([step] * 8)
note("ready")
workflow.start(mode="parallel", max_parallel=8)
"""
    )
    for delay in range(12):
        (program.folder / "ready").unlink(missing_ok=True)
        process = program.start()
        program.first_line("ready")
        try:
            process.wait(delay * 0.004)
        except Exception:
            pass
        os.kill(process.pid, signal.SIGKILL)
        program.finish(process)  # which ends when nobody holds its output any more
    processes.wait_until_dead(*map(int, program.lines("pids")))
