"""Ctrl-C ends a script in every mode, with its processes, and loses no result."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from dotflow.providers import StorageSQLite

SCRIPT = """
import subprocess
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

mode, where, work = sys.argv[1:4]

@action
def first():
    note("journal", "first")
    return "first"

@action
def second(previous_context):
    note("journal", "second")
    if os.getpid() != PARENT or where == "group":
        note("children", subprocess.Popen(["sleep", "1000"]).pid)
    note("pids", os.getpid())
    if work == "sleep":
        time.sleep(1000)
    if work == "slices":
        while True:
            time.sleep(0.01)
    if work == "swallow":
        while True:
            try:
                time.sleep(0.01)
            except:
                pass
    if work == "delay":
        raise ValueError("again")
    return "second"

@action
def third():
    note("journal", "third")
    return "third"

def ended(tasks):
    # A chain's tasks are called by their outcome, in order.
    note("states", [(task.name, task.status) for task in tasks])

PARENT = os.getpid()
second = action(retry=1000, retry_delay=1000)(second.func) if work == "delay" else second
workflow = DotFlow(Config(storage=StorageSQLite(HERE / "runs.db")), workflow_id="w")
workflow.task.add(first)
if mode == "parallel":
    workflow.task.add(second, depends_on=["first"])
    workflow.task.add(third, depends_on=["second"])
else:
    workflow.task.add([second, third])
if where == "group":
    workflow.task.add(third, name="aside", group_name="aside")
run = workflow.start(mode=mode, on_failure=ended, resume=True)
if where == "at the end":
    note("main", "over")
elif where == "in main":
    time.sleep(1000)
else:
    run.wait()
"""

CASES = (
    ("sequential", "run", "sleep"),
    ("sequential", "run", "slices"),
    ("sequential", "run", "delay"),
    ("sequential", "group", "sleep"),
    ("sequential", "group", "swallow"),
    ("sequential", "group", "delay"),
    ("parallel", "run", "sleep"),
    ("parallel", "run", "swallow"),
    ("parallel", "run", "delay"),
    ("background", "run", "slices"),
    ("background", "in main", "slices"),
    ("background", "at the end", "slices"),
)


@pytest.mark.parametrize("case", CASES, ids=", ".join)
def test_ctrl_c_ends_the_script(case, script, processes, wait_until):
    """Ctrl-C ends script and processes, marks what ran, and a resume goes on."""
    program = script(SCRIPT)
    process = program.start(*case)
    program.first_line("pids")
    if case[1] == "group":  # the other group's task counts from its checkpoint on
        storage = StorageSQLite(program.folder / "runs.db")
        wait_until(lambda: storage.get("w-aside").task_id)
        storage.close()
    if case[2] == "delay":
        time.sleep(0.3)  # into the delay before the next attempt
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    done = program.finish(process)
    # Generous: an interrupted step has 1 s, a background one 2 s.
    assert time.monotonic() - sent < 30
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    if case[1] != "at the end":
        assert "KeyboardInterrupt" in done.stderr
    assert "Process dotflow-worker" not in done.stderr
    processes.wait_until_dead(
        *map(int, program.lines("pids") + program.lines("children"))
    )
    (states,) = program.lines("states")
    assert "('first', 'Completed')" in states
    assert "('second', 'Cancelled')" in states

    resumed = program.run(case[0], "run" if case[1] != "group" else "group", "nothing")
    assert resumed.returncode == 0, resumed.stderr
    journal = program.lines("journal")
    assert journal.count("first") == 1
    assert journal.count("second") == 2
    assert journal.count("third") == (2 if case[1] == "group" else 1)


def test_a_step_can_clean_up(script):
    """An interrupted step in a process of its own still runs its `finally`."""
    program = script(
        """
from dotflow import DotFlow, action
@action
def step():
    try:
        note("started")
        time.sleep(1000)
    finally:
        note("cleaned up")
workflow = DotFlow()
workflow.task.add(step)
workflow.start(mode="parallel")
"""
    )
    process = program.start()
    program.first_line("started")
    process.send_signal(signal.SIGINT)
    program.finish(process)
    assert program.lines("cleaned up") == [""]


@pytest.mark.parametrize("mode", ["threads", "async"])
def test_ctrl_c_ends_the_processes_of_threads(mode, script, processes):
    """Ctrl-C in a run in threads or an event loop ends its isolated steps at once."""
    program = script(
        """
from dotflow import DotFlow, action
@action(isolate=True)
def step():
    note("pids", os.getpid())
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass
workflow = DotFlow()
workflow.task.add(step)
def ended(tasks):
    note("states", tasks[0].status)
workflow.start(mode=sys.argv[1], on_failure=ended)
"""
    )
    process = program.start(mode)
    pid = int(program.first_line("pids"))
    process.send_signal(signal.SIGINT)
    done = program.finish(process)
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    processes.wait_until_dead(pid)
    assert program.lines("states") == ["Cancelled"]


def test_a_second_ctrl_c_leaves_nothing_either(script, processes):
    """Two Ctrl-C in a row end all processes, even those that refuse to be interrupted."""
    program = script(SCRIPT)
    process = program.start("parallel", "run", "swallow")
    program.first_line("pids")
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)  # while it waits for the step that swallows the first one
    process.send_signal(signal.SIGINT)
    done = program.finish(process)
    assert done.returncode in (-signal.SIGINT, 130, 1), done.stderr
    processes.wait_until_dead(
        *map(int, program.lines("pids") + program.lines("children"))
    )


def test_ctrl_c_of_a_terminal_reaches_workers_once(script, processes):
    """A Ctrl-C that goes to the whole foreground group prints no traceback of workers."""
    program = script(SCRIPT)
    process = program.start("parallel", "run", "sleep")
    program.first_line("pids")
    os.killpg(process.pid, signal.SIGINT)
    done = program.finish(process)
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    assert done.stderr.count("Traceback") == 1
    processes.wait_until_dead(*map(int, program.lines("pids")))


def test_a_background_run_can_be_cancelled(wait_until, nothing_left):
    """cancel() stops a background run and marks what ran as Cancelled."""
    from dotflow import DotFlow, action

    started = []

    @action
    def step():
        started.append(1)
        while True:
            time.sleep(0.01)

    @action
    def after():
        return 1

    workflow = DotFlow()
    workflow.task.add([step, after])
    run = workflow.start(mode="background")
    wait_until(lambda: started)
    assert run.cancel()
    states = [task.status for task in workflow.result_task()]
    assert states == ["Cancelled", "Not started"]
    assert run.status == "Cancelled"
    assert run.cancel()


def test_a_background_run_with_an_isolated_step_can_be_cancelled(
    tmp_path, wait_until, nothing_left, processes
):
    """cancel() also ends the process in which a background step is isolated."""
    from dotflow import DotFlow, action

    @action(isolate=True)
    def step():
        (tmp_path / "part").write_text(str(os.getpid()))
        (tmp_path / "part").rename(tmp_path / "pid")
        time.sleep(1000)

    workflow = DotFlow()
    workflow.task.add(step)
    run = workflow.start(mode="background")
    wait_until((tmp_path / "pid").exists)
    assert run.cancel()
    assert workflow.result_task()[0].status == "Cancelled"
    processes.wait_until_dead(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(
    sys.version_info[:3] in ((3, 12, 0), (3, 12, 1)),
    reason="these refuse new threads and processes once a script has ended (gh-113964)",
)
def test_the_end_of_a_script_waits_for_its_background_run(script):
    """A background run goes on to its end when the script has nothing more to do."""
    program = script(
        """
from dotflow import DotFlow, action
from concurrent.futures import ThreadPoolExecutor
@action
def step():
    time.sleep(0.5)
    with ThreadPoolExecutor(2) as pool:  # which Python refuses once a script has ended
        note("done", sum(pool.map(abs, [1, -2])))
workflow = DotFlow()
workflow.task.add(step)
workflow.start(mode="background")
"""
    )
    assert program.run().returncode == 0
    assert program.lines("done") == ["3"]


def one_step(body, options):
    """Return a script that runs a workflow of one step."""
    return f"""
from dotflow import DotFlow, action
@action
def step():
    {body}
workflow = DotFlow()
workflow.task.add(step)
workflow.start({options})
"""


def test_the_end_of_a_script_need_not_wait(script):
    """With wait_at_exit=False the end of the script ends its background run."""
    program = script(
        one_step("time.sleep(1000)", 'mode="background", wait_at_exit=False')
    )
    assert program.run().returncode == 0


def test_sys_exit_in_a_sequential_step_ends_the_program(script):
    """sys.exit in a step of a sequential run ends the program with its code."""
    told = 'on_failure=lambda tasks: note("states", tasks[0].status)'
    program = script(one_step("sys.exit(7)", told))
    assert program.run().returncode == 7
    assert program.lines("states") == ["Failed"]
