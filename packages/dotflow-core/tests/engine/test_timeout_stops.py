"""A timeout ends the work itself, whatever the work is and wherever it runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time

import pytest

from dotflow import DotFlow, action

pytestmark = pytest.mark.start_methods

FOREVER = 1000.0
SECONDS = 0.2
MODES = ("sequential", "background", "parallel", "sequential_group")


def beat(folder):
    """Show a sign of life."""
    # No file object: one that an interruption cuts off from its `with` is a warning.
    descriptor = os.open(folder / "beats", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b".")
    os.close(descriptor)


def busy_loop(folder):
    while True:
        beat(folder)


def one_long_sleep(folder):
    beat(folder)
    time.sleep(FOREVER)
    beat(folder)


def socket_read(folder):
    beat(folder)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.recv(1)
    beat(folder)


def swallows_exceptions(folder):
    while True:
        try:
            beat(folder)
            time.sleep(0.01)
        except Exception:
            pass


def swallows_everything(folder):
    while True:
        try:
            beat(folder)
            time.sleep(0.01)
        except:  # noqa: E722 - that is what is tested
            pass


def suppresses_everything(folder):
    while True:
        with contextlib.suppress(BaseException):
            beat(folder)
            time.sleep(0.01)


def waits_for_child(folder):
    program = (
        "import sys, time\n"
        "while True:\n"
        "    open(sys.argv[1], 'ab').write(b'.')\n"
        "    time.sleep(0.01)\n"
    )
    subprocess.run([sys.executable, "-c", program, folder / "beats"], check=True)


WORK = (
    busy_loop,
    one_long_sleep,
    socket_read,
    swallows_exceptions,
    swallows_everything,
    suppresses_everything,
    waits_for_child,
)


def run_in(mode, *steps):
    """Run steps in a mode to their end; in groups, each in its own."""
    workflow = DotFlow()
    for number, step in enumerate(steps):
        group = f"group {number}" if mode == "sequential_group" else "default"
        workflow.task.add(step, group_name=group)
    workflow.start(mode=mode).wait()
    return workflow.result_task()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__)
@pytest.mark.sampled
def test_a_timeout_ends_the_work(work, mode, tmp_path, nothing_left, stops_growing):
    """After its timeout nothing of a step still runs, whatever it did in any mode."""

    @action(timeout=SECONDS)
    def step():
        (tmp_path / "beats").touch()
        work(tmp_path)

    @action
    def neighbour():
        return "there"

    steps = (step,) if mode in ("sequential", "background") else (step, neighbour)
    task, *others = run_in(mode, *steps)
    nothing_left()
    assert (task.status, task.outcome) == ("Failed", "Timeout")
    assert [other.current_context.storage for other in others] == ["there"] * len(
        others
    )
    stops_growing(tmp_path / "beats")


@pytest.mark.parametrize("mode", MODES)
def test_a_timeout_cancels_a_coroutine(mode, tmp_path, nothing_left):
    """A coroutine that runs out of time is cancelled, so its `finally` runs."""

    @action(timeout=SECONDS)
    async def step():
        try:
            await asyncio.sleep(FOREVER)
        finally:
            (tmp_path / "cleaned up").touch()

    (task,) = run_in(mode, step)
    nothing_left()
    assert (task.status, task.outcome) == ("Failed", "Timeout")
    assert (tmp_path / "cleaned up").exists()


def test_a_coroutine_that_blocks_is_interrupted(tmp_path, nothing_left):
    """A coroutine that never awaits is stopped by its timeout in the main thread."""

    @action(timeout=SECONDS)
    async def step():
        time.sleep(FOREVER)  # noqa: ASYNC251 - that is what is tested

    (task,) = run_in("sequential", step)
    assert task.outcome == "Timeout"


@pytest.mark.parametrize("mode", MODES)
def test_a_coroutine_that_refuses_to_be_cancelled(mode):
    """A coroutine that swallows its cancellation is still reported as timed out."""

    @action(timeout=SECONDS)
    async def step():
        try:
            await asyncio.sleep(FOREVER)
        except asyncio.CancelledError:
            return "late"

    (task,) = run_in(mode, step)
    assert (task.outcome, task.current_context.storage) == ("Timeout", None)


@pytest.mark.parametrize("mode", MODES)
def test_isolation_stops_what_never_returns_to_python(mode, tmp_path, nothing_left):
    """With isolate=True a timeout ends C code that holds the GIL for ever."""

    @action(timeout=SECONDS, isolate=True)
    def step():
        import ctypes

        (tmp_path / "pid").write_text(str(os.getpid()))
        mutex = ctypes.create_string_buffer(256)
        lock = ctypes.PyDLL(None).pthread_mutex_lock
        lock(mutex)
        lock(mutex)  # never returns, whatever signal comes

    (task,) = run_in(mode, step)
    nothing_left()
    assert (task.status, task.outcome) == ("Failed", "Timeout")
    assert int((tmp_path / "pid").read_text()) != os.getpid()


@pytest.mark.parametrize("mode", ["parallel", "sequential_group", "sequential"])
def test_what_a_step_has_started_ends_with_it(mode, tmp_path, processes):
    """In a process of its own a timeout also ends what the step has left running."""

    @action(timeout=SECONDS, isolate=mode == "sequential")
    def step():
        child = subprocess.Popen(["sleep", str(FOREVER)])
        (tmp_path / "pid").write_text(str(child.pid))
        time.sleep(FOREVER)

    @action
    def after():
        # The workflow goes on, so that its end is not what ends the child.
        processes.wait_until_dead(int((tmp_path / "pid").read_text()))

    workflow = DotFlow()
    workflow.task.add(step, name="step", group_name="a")
    workflow.task.add(after, group_name="a")
    workflow.start(mode=mode, keep_going=True, max_parallel=1)
    assert [task.outcome for task in workflow.result_task()] == ["Timeout", "Completed"]
