"""Ctrl-C and SIGTERM while a step blocks: the run ends in time and is told as Cancelled."""

from __future__ import annotations

import signal
import sys

import pytest

from dotflow.providers import StorageSQLite

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
MODES = ("sequential", "background", "threads", "parallel", "async")
SIGNALS = (signal.SIGINT, signal.SIGTERM)

STEPS = """
import asyncio
from dotflow import Config, DotFlow, Pipeline, action
from dotflow.providers import StorageSQLite

kind, mode = sys.argv[1:3]

def block():
    note("started")
    time.sleep(1000)

async def block_the_loop():
    note("started")
    time.sleep(1000)

async def wait():
    note("started")
    try:
        await asyncio.sleep(1000)
    finally:
        await asyncio.sleep(0.1)
        note("cleaned up")

async def wait_for_a_thread():
    await asyncio.to_thread(block)

step = {"blocks": block, "blocks the loop": block_the_loop, "waits": wait,
        "waits for a thread": wait_for_a_thread}[kind]
storage = StorageSQLite(HERE / "runs.db")
"""
FLOW = (
    STEPS
    + """
workflow = DotFlow(Config(storage=storage), workflow_id="w")
workflow.task.add(action(step))
workflow.start(mode=mode).wait()
"""
)
PIPELINE = (
    STEPS
    + """
pipeline = Pipeline("w", storage=storage)
pipeline.task(name="step")(step)
if mode == "run":
    pipeline.run()
else:
    asyncio.run(pipeline.run_once())
"""
)


def end_with(program, number, *arguments):
    """Start a script, send a signal once its step has begun, and return what became."""
    process = program.start(*arguments)
    program.first_line("started")
    process.send_signal(number)
    return program.finish(process)


def statuses(program):
    """Return how the runs of a script ended, as their history has it."""
    storage = StorageSQLite(program.folder / "runs.db")
    try:
        return [run.status for run in storage.history.runs()]
    finally:
        storage.close()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["blocks", "blocks the loop", "waits"])
@pytest.mark.sampled
def test_a_signal_ends_a_run_in_every_mode(script, kind, mode, number):
    """The process ends by the signal it was sent, and its history says Cancelled."""
    program = script(FLOW)
    done = end_with(program, number, kind, mode)
    assert done.returncode in (-number, 128 + number), done.stderr
    assert statuses(program) == ["Cancelled"]
    if kind == "waits":
        assert program.lines("cleaned up") == [""]


@pytest.mark.parametrize("mode", ["sequential", "async"])
def test_what_a_coroutine_waits_for_in_a_thread_ends_with_it(script, mode):
    """A call of `asyncio.to_thread` does not hold up the end of the program."""
    program = script(FLOW)
    done = end_with(program, signal.SIGINT, "waits for a thread", mode)
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    assert statuses(program) == ["Cancelled"]


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize(
    "case",
    [
        ("blocks", "run"),
        ("blocks the loop", "run"),
        ("waits", "run"),
        ("waits", "loop"),
    ],
    ids=", ".join,
)
def test_a_signal_ends_a_pipeline(script, case, number):
    """A pipeline ends as a workflow does, also in an event loop of the user's."""
    program = script(PIPELINE)
    done = end_with(program, number, *case)
    assert done.returncode in (-number, 128 + number), done.stderr
    assert statuses(program) == ["Cancelled"]


@pytest.mark.parametrize("mode", MODES)
def test_a_second_signal_changes_nothing(script, mode):
    """While a run ends a second Ctrl-C adds no traceback and changes no record."""
    program = script(
        FLOW.replace(".start(", ".start(on_failure=tell, ").replace(
            "workflow =", "def tell(tasks):\n    note('told')\nworkflow =", 1
        )
    )
    process = program.start("blocks", mode)
    program.first_line("started")
    process.send_signal(signal.SIGINT)
    program.first_line("told")
    process.send_signal(signal.SIGINT)
    done = program.finish(process)
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    assert statuses(program) == ["Cancelled"]


def test_the_end_of_a_background_run_at_exit(script):
    """Ctrl-C at the end of a script, twice, ends the run it waits for, with no traceback."""
    program = script(FLOW.replace(".wait()", ""))
    process = program.start("blocks", "background")
    program.first_line("started")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    done = program.finish(process)
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    assert "Exception ignored" not in done.stderr
    assert statuses(program) == ["Cancelled"]


def test_a_handler_of_the_users_own_is_left_alone(script):
    """A program that handles a signal itself goes on to, and has it back afterwards."""
    program = script(
        """
import signal
from dotflow import DotFlow, action

heard = []
signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

@action
def step():
    before = len(heard)
    os.kill(os.getpid(), signal.SIGTERM)
    while len(heard) == before:
        time.sleep(0.01)
    return len(heard)

workflow = DotFlow()
workflow.task.add(step)
for mode in ("sequential", "background"):
    workflow.start(mode=mode).wait()
    print(workflow.result_storage())
assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
"""
    )
    done = program.run()
    assert done.stdout == "[1]\n[2]\n", done.stderr


def test_handlers_are_given_back(script):
    """After runs in every mode both signals are handled as before."""
    program = script(
        """
import signal
from dotflow import DotFlow, action

@action
def step():
    return 1

numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGURG)
before = [signal.getsignal(number) for number in numbers]
for mode in ("sequential", "background", "threads", "parallel", "async"):
    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode=mode).wait()
    assert before == [signal.getsignal(number) for number in numbers], mode
"""
    )
    done = program.run()
    assert done.returncode == 0, done.stderr


def test_a_checkpoint_is_not_interrupted(script):
    """A signal that comes while a result is stored has the run end after that."""
    program = script(
        """
import signal
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile

class Slow(StorageFile):
    def post(self, key, context, **options):
        if not (HERE / "ran").exists():
            return super().post(key, context, **options)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        note("stored", key)
        return super().post(key, context, **options)

@action
def first():
    note("ran")
    return 1

@action
def second():
    note("second")

workflow = DotFlow(Config(storage=Slow(HERE / "store")), workflow_id="w")
workflow.task.add([first, second])
workflow.start()
"""
    )
    done = program.run()
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    assert any("first" in key for key in program.lines("stored"))
    assert program.lines("second") == []


def test_a_forked_process_of_a_step_takes_its_own_signals(script):
    """SIGTERM ends a process that a step has forked, and not the run."""
    program = script(
        """
import multiprocessing, signal
from dotflow import DotFlow, action

@action
def step():
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(1000,))
    child.start()
    child.terminate()
    child.join()
    return child.exitcode

for mode in ("sequential", "background"):
    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode=mode).wait()
    print(workflow.result_storage())
"""
    )
    done = program.run()
    assert done.stdout == "[-15]\n[-15]\n", done.stderr
