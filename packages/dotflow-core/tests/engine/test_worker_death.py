"""A process that dies makes its own task Failed, tells how, and disturbs no other."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dotflow import DotFlow, action

pytestmark = pytest.mark.start_methods

MODES = ("parallel", "sequential_group")


def leave_at_once():
    os._exit(3)


def be_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def crash():
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)  # not pytest's report of it
    ctypes.string_at(0)


def call_exit():
    sys.exit("no such table")


DEATHS = (
    (leave_at_once, "code 3"),
    (be_killed, "SIGKILL"),
    (crash, "SIGSEGV"),
    (call_exit, "sys.exit('no such table')"),
)


def by_name(workflow):
    return {task.name: task for task in workflow.result_task()}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("death", "told"), DEATHS, ids=lambda value: str(value)[:20])
def test_a_death_is_told_and_disturbs_no_other(death, told, mode, nothing_left):
    """A task whose process dies is Crashed and says how; all others complete."""

    @action
    def dies():
        death()

    @action
    def lives():
        return "well"

    workflow = DotFlow()
    for number in range(3):
        workflow.task.add(lives, name=f"before {number}", group_name=f"b{number}")
    workflow.task.add(dies, group_name="dying")
    for number in range(3):
        workflow.task.add(lives, name=f"after {number}", group_name=f"a{number}")
    workflow.start(mode=mode)
    tasks = by_name(workflow)
    dead = tasks.pop("dies")
    assert (dead.status, dead.outcome) == ("Failed", "Crashed")
    assert told in dead.reason
    assert "'dies'" in dead.reason
    assert [error.exception for error in dead.errors] == ["WorkerDied"]
    assert dead.duration is not None
    assert {task.current_context.storage for task in tasks.values()} == {"well"}


@pytest.mark.parametrize(("death", "told"), DEATHS, ids=lambda value: str(value)[:20])
def test_the_rest_of_a_group_is_not_started(death, told, nothing_left):
    """After a death in a group its further tasks are Not started, other groups finish."""

    @action
    def dies():
        death()

    @action
    def lives():
        return 1

    workflow = DotFlow()
    workflow.task.add(lives, name="first", group_name="one")
    workflow.task.add(dies, group_name="one")
    workflow.task.add(lives, name="third", group_name="one")
    workflow.task.add([lives, lives], group_name="two")
    workflow.start()
    tasks = by_name(workflow)
    assert tasks["first"].status == "Completed"
    assert tasks["dies"].outcome == "Crashed"
    assert (tasks["third"].status, tasks["third"].errors) == ("Not started", [])
    assert {tasks["lives"].status, tasks["lives#2"].status} == {"Completed"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("death", "told"), DEATHS, ids=lambda value: str(value)[:20])
def test_a_death_is_retried(death, told, mode, tmp_path, nothing_left):
    """A task that dies in its first attempt and completes in its second is Completed."""

    @action(retry=2, retry_delay=0)
    def step():
        try:
            (tmp_path / "tried").touch(exist_ok=False)
        except FileExistsError:
            return "second"
        death()
        return None

    @action
    def other():
        return "other"

    workflow = DotFlow()
    workflow.task.add(step, group_name="a")
    workflow.task.add(other, group_name="b")
    workflow.start(mode=mode)
    assert workflow.result_storage() == ["second", "other"]
    task = workflow.result_task()[0]
    assert (task.outcome, task.attempt, task.retry_count) == ("Completed", 2, 1)
    assert told in task.errors[0].message


def test_a_death_is_not_retried_for_other_exceptions():
    """With retry_on= naming other exceptions a death is not tried again."""

    @action(retry=5, retry_delay=0, retry_on=ValueError)
    def step():
        leave_at_once()

    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode="parallel")
    assert workflow.result_task()[0].attempt == 1


@pytest.mark.parametrize("mode", MODES)
def test_children_of_a_dead_process_end(mode, tmp_path, processes):
    """What the step of a dead process has started does not outlive it."""

    @action
    def dies():
        child = subprocess.Popen(["sleep", "1000"])
        (tmp_path / "pid").write_text(str(child.pid))
        os._exit(3)

    @action
    def lives():
        return 1

    workflow = DotFlow()
    workflow.task.add(dies, group_name="a")
    workflow.task.add(lives, group_name="b")
    workflow.start(mode=mode)
    assert workflow.result_task()[0].outcome == "Crashed"
    processes.wait_until_dead(int((tmp_path / "pid").read_text()))


def test_an_isolated_step_may_die():
    """With isolate=True even a sequential workflow survives the death of a step."""

    @action(isolate=True)
    def dies():
        be_killed()

    @action
    def after(previous_context):
        return previous_context.storage

    workflow = DotFlow()
    workflow.task.add([dies, after])
    workflow.start(keep_going=True)
    assert [task.outcome for task in workflow.result_task()] == ["Crashed", "Completed"]


def test_a_death_between_tasks_is_nobodys_failure(tmp_path, wait_until):
    """A process that dies while it waits for work is replaced; no task is blamed."""

    @action
    def leaves_a_bomb():
        def bomb():
            wait_until((tmp_path / "fuse").exists)
            os._exit(9)

        threading.Thread(target=bomb, daemon=True).start()
        return os.getpid()

    def light_the_fuse(task):
        (tmp_path / "fuse").touch()
        pid = task.current_context.storage
        wait_until(lambda: _is_zombie(pid))

    @action
    def next_one():
        return "ran"

    workflow = DotFlow()
    workflow.task.add(leaves_a_bomb, callback=light_the_fuse)
    workflow.task.add(next_one)
    workflow.start(mode="parallel", max_parallel=1)
    assert [task.outcome for task in workflow.result_task()] == ["Completed"] * 2


def _is_zombie(pid):
    stat = Path(f"/proc/{pid}/stat").read_text()
    # Its other threads may end after the first one, and keep its pipes open until then.
    alone = len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    return alone and stat.rpartition(")")[2].split()[0] == "Z"


def test_a_death_in_the_middle_of_a_large_result(nothing_left):
    """A process killed while it sends its result is a death like any other."""

    class DiesWhilePickled:
        def __reduce__(self):
            # By then most of the result is on its way or in memory.
            be_killed()

    @action
    def dies():
        return [b"x" * 50_000_000, DiesWhilePickled()]

    @action
    def killed_later():
        threading.Timer(0.01, be_killed).start()
        time.sleep(0.005)
        return b"x" * 200_000_000

    workflow = DotFlow()
    workflow.task.add(dies)
    for number in range(3):
        workflow.task.add(killed_later, name=f"later {number}")
    workflow.start(mode="parallel")
    first, *later = workflow.result_task()
    assert first.outcome == "Crashed"
    assert {task.outcome for task in later} <= {"Crashed", "Completed"}


def test_a_forked_grandchild_does_not_hide_a_death(nothing_left, processes, tmp_path):
    """A step's own forked child that holds on does not keep a dead task waiting."""

    @action
    def dies():
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(4)

    workflow = DotFlow()
    workflow.task.add(dies)
    workflow.start(mode="parallel")
    assert "code 4" in workflow.result_task()[0].reason


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_coroutine_is_an_ordinary_failure(mode):
    """A CancelledError out of a coroutine fails its task and not the whole run."""
    import asyncio

    @action
    async def step():
        raise asyncio.CancelledError

    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode=mode)
    task = workflow.result_task()[0]
    assert (task.status, task.errors[0].exception) == ("Failed", "CancelledError")
    workflow.start()
    assert workflow.result_task()[0].status == "Failed"
