"""How many processes a run uses, what they share, and that none is left."""

from __future__ import annotations

import os
import pickle
import threading
import time

import pytest
from plain_steps import numbered

from dotflow import DotFlow, action
from dotflow.engine.executors import large

pytestmark = pytest.mark.start_methods


class Counter:
    """Counts, in files, how many steps run at the same time."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "running").mkdir()

    def __enter__(self):
        self.mine = self.folder / "running" / f"{os.getpid()}-{time.monotonic_ns()}"
        self.mine.touch()
        with (self.folder / "seen").open("a") as file:
            file.write(f"{len(list((self.folder / 'running').iterdir()))}\n")

    def __exit__(self, *_error):
        self.mine.unlink()

    def most(self):
        return max(map(int, (self.folder / "seen").read_text().split()))


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_max_parallel_is_honoured(limit, tmp_path):
    """Never do more steps run at once than max_parallel says."""
    counter = Counter(tmp_path)

    @action(retry=2, retry_delay=0)
    def step(initial_context):
        with counter:
            time.sleep(0.01)
        if initial_context.storage % 7 == 0:
            raise ValueError

    workflow = numbered(step, 30)
    workflow.start(mode="parallel", max_parallel=limit)
    assert counter.most() <= limit


def test_as_many_run_at_once_as_may(tmp_path, wait_until):
    """With max_parallel=4 four steps do run at once, whatever the cores."""

    @action
    def meet(initial_context):
        (tmp_path / f"here {initial_context.storage}").touch()
        wait_until(lambda: len(list(tmp_path.glob("here *"))) == 4)
        return True

    workflow = numbered(meet, 4)
    workflow.start(mode="parallel", max_parallel=4)
    assert workflow.result_storage() == [True] * 4


def test_processes_are_used_again():
    """100 tasks in parallel need no more processes than run at once."""

    @action
    def step():
        return os.getpid()

    workflow = DotFlow()
    workflow.task.add([step] * 100)
    workflow.start(mode="parallel", max_parallel=3)
    assert 1 <= len(set(workflow.result_storage())) <= 3


def test_a_group_shares_a_process_and_groups_run_at_once(tmp_path, wait_until):
    """The tasks of a group run in one process, several groups at the same time."""

    @action
    def meet(initial_context):
        (tmp_path / f"here {initial_context.storage}").touch()
        wait_until(lambda: len(list(tmp_path.glob("here *"))) == 3)
        return os.getpid()

    @action
    def follow():
        return os.getpid()

    workflow = DotFlow()
    for group in "abc":
        workflow.task.add(meet, initial_context=group, group_name=group)
        workflow.task.add([follow, follow], group_name=group)
    workflow.start()
    pids = workflow.result_storage()
    groups = [set(pids[start : start + 3]) for start in (0, 3, 6)]
    assert [len(group) for group in groups] == [1, 1, 1]
    assert len(set(pids)) == 3
    assert os.getpid() not in pids


def test_more_groups_than_processes_all_run():
    """60 groups complete although fewer processes serve them."""

    @action
    def step(previous_context):
        return (previous_context.storage or 0) + 1

    workflow = DotFlow()
    for group in range(60):
        workflow.task.add([step, step], group_name=str(group))
    workflow.start(max_parallel=4)
    assert workflow.result_storage() == [1, 2] * 60


@pytest.mark.parametrize("runs", [20, pytest.param(200, marks=pytest.mark.soak)])
def test_runs_leave_nothing_open(runs, processes, nothing_left):
    """Runs in processes leave no file descriptor, process or thread behind."""

    @action
    def step():
        return 1

    @action
    def dies():
        os._exit(1)

    @action(timeout=0.01)
    def slow():
        time.sleep(100)

    def run(number):
        workflow = DotFlow()
        workflow.task.add(step)
        workflow.task.add(dies if number % 2 else slow)
        workflow.start(mode="parallel", max_parallel=2)

    run(0)
    run(1)
    before = processes.open_files()
    for number in range(runs):
        run(number)
    nothing_left()
    assert processes.open_files() <= before


def test_what_a_step_leaves_running_ends_with_the_run(processes, tmp_path):
    """A program that a completed step left running in its process ends with the run."""
    import subprocess

    @action
    def leaves_one():
        return subprocess.Popen(["sleep", "1000"]).pid

    workflow = DotFlow()
    workflow.task.add(leaves_one)
    workflow.start(mode="parallel")
    processes.wait_until_dead(workflow.result_storage()[0])


@pytest.mark.start_methods("the step's own cannot import the test")
def test_a_step_may_use_processes_itself():
    """A step in a worker process can run a workflow in processes of its own."""

    @action
    def square(initial_context):
        return initial_context.storage**2

    @action
    def outer():
        inner = numbered(square, 4)
        inner.start(mode="parallel", max_parallel=2)
        return inner.result_storage()

    workflow = DotFlow()
    workflow.task.add([outer, outer])
    workflow.start(mode="parallel", max_parallel=2)
    assert workflow.result_storage() == [[0, 1, 4, 9]] * 2


@pytest.mark.start_methods("a fork inherits them")
def test_a_step_ignores_signal_masks_of_its_parent(nothing_left):
    """A timeout works in a process although the starting thread blocks signals."""
    import signal

    @action(timeout=0.1)
    def step():
        try:
            time.sleep(1000)
        finally:
            note.append("interrupted")

    note = []

    def run():
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGINT})
        workflow.start(mode="parallel")

    workflow = DotFlow()
    workflow.task.add(step)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    task = workflow.result_task()[0]
    assert task.outcome == "Timeout"
    assert "time.sleep" in task.errors[0].traceback  # stopped in place, not killed


@pytest.mark.start_methods("its refusal is of a fork")
def test_no_process_can_be_started(monkeypatch):
    """Where the system refuses a process, the task fails and says so; none hangs."""
    import multiprocessing.popen_fork

    def refuse(*_args):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    @action
    def step():
        return 1

    workflow = DotFlow()
    workflow.task.add(step)
    monkeypatch.setattr(multiprocessing.popen_fork.Popen, "_launch", refuse)
    workflow.start(mode="parallel")
    task = workflow.result_task()[0]
    assert (task.status, task.outcome) == ("Failed", "Crashed")
    assert "temporarily unavailable" in task.reason
    monkeypatch.undo()
    workflow.start(mode="parallel")
    assert workflow.result_storage() == [1]


IMPORTING = """
import sys, threading
from dotflow import DotFlow, action

sys.path.insert(0, str(HERE))
(HERE / "slow_import.py").write_text(
    "import time; from pathlib import Path;"
    f" Path({str(HERE / 'begun')!r}).touch(); time.sleep(0.5); ANSWER = 42"
)

def answer():
    import slow_import
    return slow_import.ANSWER

@action
def in_a_thread():
    return answer()

@action(isolate=True)
def in_a_process():
    return answer()

if __name__ == "__main__":
    workflow = DotFlow()
    if sys.argv[1] == "thread":
        threading.Thread(target=answer).start()
        while not (HERE / "begun").exists():
            time.sleep(0.001)
        workflow.task.add([in_a_thread, in_a_process])
        workflow.start(mode="threads")
        print(workflow.result_storage())
    else:
        # A module that runs a workflow while it is imported, which goes on meanwhile.
        (HERE / "runs_it.py").write_text(
            "from dotflow import DotFlow, action\\n"
            "@action(isolate=True)\\n"
            "def step():\\n"
            "    import runs_it\\n"
            "    return 42\\n"
            "workflow = DotFlow()\\n"
            "workflow.task.add(step)\\n"
            "workflow.start(mode='threads')\\n"
        )
        from dotflow.base import imports
        imports.PATIENCE_SECONDS = 0.1
        import runs_it
        print(runs_it.workflow.result_storage())
"""


def test_a_fork_beside_a_thread_that_imports(script):
    """A process forked while a thread imports a module imports it too, and ends."""
    done = script(IMPORTING).run("thread")
    assert done.stdout == "[42, 42]\n", done.stderr


def test_a_fork_while_its_module_is_imported(script):
    """A process of a workflow that a module runs as it is imported ends as well."""
    done = script(IMPORTING).run("module")
    assert done.stdout == "[42]\n", done.stderr


def test_a_process_that_never_begins(script):
    """A forked process that waits for a lock for ever has crashed, and is named."""
    done = script("""
from dotflow import DotFlow, action
from dotflow.engine.executors import processes, worker_main

processes.START_SECONDS = 0.5
worker_main.forget_imports = lambda: time.sleep(1000)

@action
def lost():
    return 1

workflow = DotFlow()
workflow.task.add(lost)
workflow.start(mode="parallel")
task = workflow.task["lost"]
print(task.outcome, "'lost' did not begin" in task.reason)
""").run()
    assert done.stdout == "Crashed True\n", done.stderr


class _Block:
    """Has a buffer of its own, as arrays do."""

    def __init__(self, data):
        self.data = memoryview(data)

    def __reduce_ex__(self, protocol):
        return _Block, (pickle.PickleBuffer(self.data),)


@action
def _make_block():
    return [_Block(bytearray(b"ab" * 3_000_000)), b"c" * 5_000_000]


@pytest.mark.skipif(not large.SUPPORTED, reason="only Linux hands memory on")
def test_large_results_are_mapped(monkeypatch):
    """A large result of a worker arrives whole, its buffers where they lie, to be changed."""
    places = []
    received = large.receive_large
    monkeypatch.setattr(
        large,
        "receive_large",
        lambda *args: places.append(received(*args)) or places[-1],
    )
    workflow = DotFlow()
    workflow.task.add(_make_block)
    workflow.start(mode="parallel")
    block, text = workflow.result_storage()[0]
    assert block.data == b"ab" * 3_000_000
    assert text == b"c" * 5_000_000
    block.data[0] = ord("z")
    ((_, buffer),) = places
    assert buffer[:2] == b"zb"
