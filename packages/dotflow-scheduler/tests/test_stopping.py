"""How a schedule ends: by `stop`, by a signal, by a second one, by force."""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import ResumeNeedsWorkflowId
from dotflow_scheduler import SchedulerCron

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
SIGNALS = [signal.SIGINT, signal.SIGTERM]

PROGRAM = """
import signal
import sys
import time
from pathlib import Path

from dotflow import Config, DotFlow, action
from dotflow.providers import SchedulerCron

before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]

@action
def step():
    with open("runs", "a") as file:
        file.write("begun\\n")
    Path("begun").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    with open("runs", "a") as file:
        file.write("ended\\n")

scheduler = SchedulerCron("* * * * * *", overlap={overlap!r})
workflow = DotFlow(config=Config(scheduler=scheduler))
workflow.task.add(step=step)
workflow.schedule(mode={mode!r})
assert before == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
Path("returned").touch()
"""


@posix
@pytest.mark.parametrize("mode", ["sequential", "parallel"])
@pytest.mark.parametrize("overlap", ["skip", "queue", "parallel"])
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.sampled(4)
def test_a_signal_finishes_the_run(
    run_program: Callable[[str], Any], number: signal.Signals, overlap: str, mode: str
) -> None:
    """A signal lets the run that goes on end; then `schedule` returns, handlers reset."""
    program = run_program(PROGRAM.format(overlap=overlap, mode=mode))
    program.wait_for_file("begun")
    program.process.send_signal(number)
    (program.folder / "go").touch()
    code, errors = program.end()
    assert code == 0, errors
    assert "Traceback" not in errors
    runs = program.lines("runs")
    assert runs.count("begun") == runs.count("ended") >= 1
    assert (program.folder / "returned").exists()


@posix
@pytest.mark.parametrize("overlap", ["skip", "parallel"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_the_run(
    run_program: Callable[[str], Any], number: signal.Signals, overlap: str
) -> None:
    """A second signal ends the program although the run would go on for ever."""
    code = PROGRAM.format(overlap=overlap, mode="sequential")
    # The signals are told apart: two of a kind that come at once count as one.
    program = run_program(
        code.replace(
            'Path("begun").touch()',
            'Path("begun").touch()\n    while scheduler._loops[0]._wake.is_set() is False:'
            '\n        time.sleep(0.01)\n    Path("stopping").touch()',
        )
    )
    program.wait_for_file("begun")
    program.process.send_signal(number)
    program.wait_for_file("stopping")
    program.process.send_signal(number)
    code, errors = program.end()
    assert code != 0
    assert not (program.folder / "returned").exists()
    assert "ended" not in program.lines("runs")
    if number == signal.SIGINT:
        assert "KeyboardInterrupt" in errors


@posix
def test_a_signal_while_it_waits(run_program: Callable[[str], Any]) -> None:
    """A schedule that waits for its time ends at once."""
    program = run_program("""
        from pathlib import Path
        from dotflow_scheduler import Clock, SchedulerCron

        class Told(Clock):
            def sleep_until(self, moment, wake):
                Path("waiting").touch()
                super().sleep_until(moment, wake)

        SchedulerCron("0 0 1 1 *", clock=Told()).start(print)
    """)
    program.wait_for_file("waiting")
    program.process.send_signal(signal.SIGTERM)
    assert program.end() == (0, "")


def test_stop_from_another_thread() -> None:
    """`stop(timeout)` waits until `start` is over; both leave signals as they were."""
    before = [signal.getsignal(number) for number in SIGNALS]
    scheduler = SchedulerCron("* * * * * *")
    begun = threading.Event()
    ended: list[int] = []

    def workflow() -> None:
        begun.set()
        threading.Event().wait(0.2)
        ended.append(1)

    thread = threading.Thread(target=scheduler.start, args=(workflow,))
    thread.start()
    assert begun.wait(60)
    assert scheduler.running
    assert [signal.getsignal(number) for number in SIGNALS] == before
    scheduler.stop(timeout=60)
    assert ended
    thread.join(60)
    assert not scheduler.running


def test_start_again() -> None:
    """A schedule that was stopped can be started again."""
    scheduler = SchedulerCron("* * * * * *")
    for _ in range(2):
        runs: list[int] = []

        def workflow(runs: list[int] = runs) -> None:
            runs.append(1)
            scheduler.stop()

        scheduler.start(workflow)
        assert runs == [1]


def test_resume_needs_an_id() -> None:
    """Resuming what no other run can know is refused before the first tick."""

    @action
    def step() -> None:
        """Do nothing."""

    workflow = DotFlow(config=Config(scheduler=SchedulerCron("* * * * * *")))
    workflow.task.add(step=step)
    with pytest.raises(ResumeNeedsWorkflowId):
        workflow.schedule(resume=True)


RESUMED = """
import os
import signal
from pathlib import Path

from dotflow import Config, DotFlow, action
from dotflow.providers import SchedulerCron, StorageSQLite

def note(word):
    with open("log", "a") as file:
        file.write(word + "\\n")

@action
def extract():
    note("extract")
    return [1, 2, 3]

@action
def load(previous_context):
    if not Path("died").exists():
        Path("died").touch()
        note("died")
        os.kill(os.getpid(), signal.SIGKILL)
    note(f"load {sum(previous_context.storage)}")

scheduler = SchedulerCron("* * * * * *")

def stop_after_two(tasks):
    note("completed")
    if Path("log").read_text().count("completed") == 2:
        scheduler.stop()

workflow = DotFlow(
    config=Config(storage=StorageSQLite("runs.db"), scheduler=scheduler),
    workflow_id="nightly",
)
workflow.task.add(step=extract)
workflow.task.add(step=load)
workflow.schedule(resume=True, on_success=stop_after_two)
"""


@posix
def test_resume_after_a_kill(run_program: Callable[[str], Any]) -> None:
    """A schedule that was killed goes on with its run, and then begins new ones."""
    killed = run_program(RESUMED)
    assert killed.end()[0] == -signal.SIGKILL
    again = run_program(RESUMED)
    code, errors = again.end()
    assert code == 0, errors
    first = ["extract", "died", "load 6", "completed"]
    assert again.lines("log") == [*first, "extract", "load 6", "completed"]
    with closing(sqlite3.connect(again.folder / "runs.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
