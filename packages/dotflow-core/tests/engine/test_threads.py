"""Workflows in several threads at once, and processes started from threads."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
import threading
import time

import pytest
from plain_steps import numbered

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

pytestmark = pytest.mark.start_methods

MODES = ("sequential", "background", "parallel", "sequential_group")


def in_threads(count, call):
    """Call `call(number)` in threads at the same time; return what they returned."""
    results, barrier = {}, threading.Barrier(count)

    def run(number):
        barrier.wait()
        results[number] = call(number)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count, "a thread has failed"
    return [results[number] for number in range(count)]


@action(retry=2, retry_delay=0)
def plus_one(initial_context, previous_context):
    before = initial_context.storage if previous_context.storage is None else None
    return (before if before is not None else previous_context.storage) + 1


@action(timeout=100)
def process_id():
    return os.getpid()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.sampled(2)
def test_20_workflows_at_once(mode, nothing_left, processes):
    """20 workflows in 20 threads, sharing their steps, each get their own results."""
    before = processes.open_files()

    def run(number):
        workflow = DotFlow()
        for group in "ab":
            workflow.task.add(plus_one, initial_context=number, group_name=group)
            workflow.task.add(process_id, group_name=group)
        workflow.start(mode=mode, max_parallel=2).wait()
        return workflow.result_storage()

    results = in_threads(20, run)
    assert [storage[0] for storage in results] == list(range(1, 21))
    assert {type(pid) for storage in results for pid in (storage[1], storage[3])} == {
        int
    }
    assert processes.open_files() <= before + 1  # a random generator of a thread


def test_20_workflows_share_a_storage(tmp_path):
    """20 workflows in threads keep their results in one SQLite file."""
    config = Config(storage=StorageSQLite(tmp_path / "runs.db", synchronous="OFF"))

    def run(number):
        workflow = DotFlow(config, workflow_id=f"w{number}")
        for _ in range(3):
            workflow.task.add(plus_one, initial_context=number)
        workflow.start()
        return workflow.result_storage()

    assert in_threads(20, run) == [[n + 1, n + 2, n + 3] for n in range(20)]
    for number in range(20):
        assert config.storage.get(f"w{number}-plus_one#3").storage == number + 3
    config.storage.close()


def test_one_workflow_from_two_threads():
    """The same workflow started from several threads runs each time, undisturbed."""
    count = []

    @action
    def step():
        count.append(1)
        time.sleep(0.01)
        return len(count)

    workflow = DotFlow()
    workflow.task.add([step, step])
    runs = in_threads(5, lambda _: workflow.start())
    assert len(count) == 10
    for run in runs:
        assert [task.status for task in run.tasks] == ["Completed"] * 2


def test_processes_from_a_thread_that_is_not_the_main_one(nothing_left):
    """A parallel workflow works in a thread of the user's own, retries included."""
    (results,) = in_threads(1, lambda _: _parallel())
    assert results == list(range(1, 9))


def _parallel():
    workflow = numbered(plus_one, 8)
    workflow.start(mode="parallel", max_parallel=3)
    return workflow.result_storage()


def test_forks_while_other_threads_print_and_log(script):
    """Processes started while threads print, log and allocate never get stuck."""
    program = script(
        """
import logging, threading
from dotflow import DotFlow, action
logging.basicConfig(stream=sys.stdout, level="INFO")
over = threading.Event()
def chatter():
    while not over.is_set():
        print("a line of a thread", flush=True)
        logging.getLogger("chatter").info("a record of a thread")
        [bytes(100_000) for _ in range(10)]
for _ in range(4):
    threading.Thread(target=chatter).start()
@action
def step():
    print("a line of a step", flush=True)
    logging.getLogger("step").info("a record of a step")
    os._exit(0) if os.getpid() % 3 == 0 else None
    return 1
try:
    for _ in range(40):
        workflow = DotFlow()
        workflow.task.add([step] * 4)
        workflow.start(mode="parallel", max_parallel=2)
finally:
    over.set()
note("over")
"""
    )
    assert program.run().returncode == 0
    assert program.lines("over") == [""]


def test_fork_while_a_thread_is_in_the_middle_of_a_line(script):
    """A step logs to a stream that a thread of the parent writes to at the fork."""
    program = script(
        """
import logging, os, select, threading
from dotflow import DotFlow, action
ours, theirs = os.pipe()
stream = open(theirs, "w")
logging.getLogger("shared").addHandler(logging.StreamHandler(stream))
def stuck():
    print("x" * 1_000_000, file=stream, flush=True)
threading.Thread(target=stuck).start()
while select.select([], [theirs], [], 0)[1]:
    pass
@action
def step():
    note("step")
    logging.getLogger("shared").warning("a record of a step")
    return 1
def drain():
    while not (HERE / "step").exists():
        pass
    while os.read(ours, 65536):
        pass
threading.Thread(target=drain, daemon=True).start()
workflow = DotFlow()
workflow.task.add([step, step])
workflow.start(mode="parallel", max_parallel=1)
note("over", workflow.result_storage())
"""
    )
    assert program.run().returncode == 0
    assert program.lines("over") == ["[1, 1]"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the warning is of Python 3.12")
def test_fork_beside_threads_is_no_error(tmp_path):
    """Python's warning about forks beside threads fails no run, even under -W error."""
    program = tmp_path / "program.py"
    program.write_text(
        """
import threading
from dotflow import DotFlow, action
over = threading.Event()
threading.Thread(target=over.wait).start()
@action
def step():
    return 1
workflow = DotFlow()
workflow.task.add([step, step])
workflow.start(mode="parallel")
over.set()
print(workflow.result_storage())
"""
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "[1, 1]\n", done.stderr
    assert "multi-threaded" not in done.stderr


def test_logging_locks_of_other_threads_do_not_matter(nothing_left):
    """A thread that holds the lock of a log handler stops no process from logging."""
    handler = logging.StreamHandler(io.StringIO())
    logger = logging.getLogger("a step's own")
    logger.propagate = False
    logger.addHandler(handler)

    @action
    def step():
        logger.warning("from a step")
        return 1

    held, over = threading.Event(), threading.Event()

    def hold():
        with handler.lock:
            held.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    workflow = DotFlow()
    workflow.task.add(step)
    try:
        workflow.start(mode="parallel")
    finally:
        over.set()
        thread.join()
        logger.removeHandler(handler)
    assert workflow.result_storage() == [1]
