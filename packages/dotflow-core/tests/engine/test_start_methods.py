"""Every mode under fork, spawn and forkserver, as a user's script sets them."""

from __future__ import annotations

import json
import signal

import pytest

from dotflow.providers import StorageSQLite

METHODS = ("fork", "spawn", "forkserver")

STEPS = """
from dotflow import action

@action
def start(initial_context):
    return initial_context.storage + 1

@action
def double(previous_context):
    return {"doubled": previous_context.storage, "size": len(b"x" * 200_000)}

@action(retry=2, retry_delay=0)
def flaky(initial_context):
    import pathlib
    path = pathlib.Path(initial_context.storage)
    if not path.exists():
        path.touch()
        raise ValueError("first attempt")
    return "second"

@action(timeout=30)
async def wait():
    import asyncio
    await asyncio.sleep(0)
    return "awaited"

@action
class Steps:
    def __init__(self):
        self.numbers = [1]
    @action
    def one(self):
        return sum(self.numbers)
    @action
    def two(self, previous_context):
        return previous_context.storage + 1

@action
def fails():
    raise KeyError("missing")
"""

RUN = """
import json
import multiprocessing

from dotflow import DotFlow

def main():
    method, mode = sys.argv[1:3]
    multiprocessing.set_start_method(method)
    workflow = DotFlow()
    def add(step, **options):
        workflow.task.add(step, group_name=options.pop("group_name", "g"), **options)
    add(start, initial_context=1)
    if mode in ("parallel", "threads", "async"):
        add(double, depends_on=["start"])
    else:
        add(double)
    add(flaky, initial_context=str(HERE / f"flaky {method} {mode}"), group_name="flaky")
    add(wait, group_name="other")
    add(Steps, group_name="steps")
    add(fails, group_name="fails")
    run = workflow.start(mode=mode, keep_going=True)
    run.wait()
    print(json.dumps({
        task.name: [task.status, task.attempt, plain(task.current_context.storage)]
        for task in workflow.result_task()
    }))
    assert multiprocessing.active_children() == []

def plain(value):
    return [one.storage for one in value] if isinstance(value, list) else value

if __name__ == "__main__":
    main()
"""

EXPECTED = {
    "start": ["Completed", 1, 2],
    "double": ["Completed", 1, {"doubled": 2, "size": 200_000}],
    "flaky": ["Completed", 2, "second"],
    "wait": ["Completed", 1, "awaited"],
    "Steps": ["Completed", 1, [1, 2]],
    "fails": ["Failed", 1, None],
}


@pytest.mark.parametrize(
    "mode", ["sequential_group", "background", "parallel", "threads", "async"]
)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", ["in the script", "in a module"])
@pytest.mark.sampled(10)
def test_every_mode_under_every_start_method(where, method, mode, script):
    """The same script prints the same results under fork, spawn and forkserver."""
    if where == "in the script":
        program = script(STEPS + RUN)
    else:
        program = script("from my_steps import *\n" + RUN)
        (program.folder / "my_steps.py").write_text(STEPS, encoding="utf-8")
    done = program.run(method, mode)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_what_cannot_be_sent_is_refused_before_anything_runs(method, script):
    """Without fork all steps and inputs that cannot travel are listed at the start."""
    program = script(
        """
import multiprocessing, threading
sys.modules["cloudpickle"] = None  # as where it is not installed
from dotflow import DotFlow, action

@action
def fine(initial_context=None):
    note("ran")

if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[1])
    workflow = DotFlow()
    workflow.task.add(fine)
    workflow.task.add(action(lambda: 1), name="the lambda")
    workflow.task.add(fine, initial_context=threading.Lock(), name="the lock")
    try:
        workflow.start(mode="parallel")
    except Exception as error:
        print(type(error).__name__, error.problems)
    print([task.status for task in workflow.result_task()])
"""
    )
    done = program.run(method)
    error, states = done.stdout.splitlines()
    assert error.startswith("GraphError")
    assert "'the lambda'" in error
    assert "'the lock'" in error
    assert "'fine'" not in error
    assert states == "['Not started', 'Not started', 'Not started']"
    assert program.lines("ran") == []


@pytest.mark.parametrize("mode", ["sequential", "background", "threads", "async"])
def test_an_isolated_step_that_cannot_be_sent_is_refused_too(script, mode):
    """Under spawn a run with an isolated lambda is refused before it begins."""
    program = script(
        """
import multiprocessing
sys.modules["cloudpickle"] = None  # as where it is not installed
from dotflow import DotFlow, action

@action
def first():
    note("ran")

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    workflow = DotFlow()
    workflow.task.add(first)
    workflow.task.add(action(isolate=True)(lambda: 1), name="the lambda")
    try:
        workflow.start(mode=sys.argv[1])
    except Exception as error:
        print(type(error).__name__, "the lambda" in str(error))
"""
    )
    assert program.run(mode).stdout == "GraphError True\n"
    assert program.lines("ran") == []


def handed_on(make, options):
    """Return a script under spawn in which one step's result is another one's input."""
    return f"""
import multiprocessing, types
sys.modules["cloudpickle"] = None  # as where it is not installed
from dotflow import DotFlow, action

def thing():
    module = types.ModuleType("made_up")
    sys.modules["made_up"] = module
    module.Thing = type("Thing", (), {{"__module__": "made_up"}})
    return module.Thing()

@action
def make():
    return {make}

@action({options})
def use(previous_context):
    return 1

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    workflow = DotFlow()
    workflow.task.add([make, use])
    workflow.start()
    task = workflow.result_task()[1]
    print(task.status, task.attempt, task.reason)
"""


def test_an_input_that_cannot_be_sent_names_its_task(script):
    """Under spawn an input without a pickle fails its task at once, by name."""
    program = script(handed_on("lambda: 1", "isolate=True, retry=3, retry_delay=100"))
    out = program.run().stdout
    assert out.startswith("Failed 1 ")
    assert "'use'" in out


def test_a_value_its_process_cannot_load_is_a_clear_error(script):
    """An input whose class the other process cannot import fails its task by name."""
    out = script(handed_on("thing()", "isolate=True")).run().stdout
    assert "'use'" in out
    assert "made_up" in out


def test_a_script_without_a_main_guard_is_told_so(script):
    """Under spawn a script without the guard ends, and its error names the guard."""
    program = script(
        """
import multiprocessing
from dotflow import DotFlow, action

@action
def step():
    return 1

multiprocessing.set_start_method("spawn", force=True)
workflow = DotFlow()
workflow.task.add(step)
workflow.start(mode="parallel")
print(workflow.result_task()[0].reason)
"""
    )
    assert '__name__ == "__main__"' in program.run().stdout


def test_slow_imports_of_a_process_are_not_the_steps_time(script):
    """A timeout counts from the start of the step, not of its process."""
    program = script(
        """
import multiprocessing
from dotflow import DotFlow, action

if __name__ != "__main__":
    import time
    time.sleep(4)  # as heavy imports do; longer than the timeout and its grace

@action(timeout=1)
def step():
    return "in time"

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode="parallel")
    print(workflow.result_storage())
"""
    )
    assert program.run().stdout == "['in time']\n"


# What a notebook is to another process: a `__main__` that no file has.
CELLS = """
import asyncio, multiprocessing, os, sys
from dotflow import DotFlow, Pipeline, action

class Thing:
    def __init__(self, size):
        self.size = size

class Odd(Exception):
    pass

def helper(size):
    return Thing(size + 1)

@action(isolate=True)
def make(initial_context):
    return helper(initial_context.storage)

@action(isolate=True, retry=2, retry_on=Odd)
def use(previous_context):
    assert isinstance(previous_context.storage, Thing)
    if not os.path.exists("tried"):
        open("tried", "w").close()
        raise Odd
    return previous_context.storage.size + 1

@action(isolate=True)
async def wait():
    await asyncio.sleep(0)
    return "awaited"

@action(isolate=True)
class Steps:
    @action
    def one(self):
        return 1

@action(isolate=True)
def fails():
    raise Odd("it is odd")

def main(method, mode):
    multiprocessing.set_start_method(method)
    if mode == "pipeline":
        pipeline = Pipeline("cells")
        pipeline.task(name="made", process=True)(lambda: helper(1))
        pipeline.task(name="used", process=True)(lambda made: made.size + 1)
        print(pipeline.run()["tasks"]["used"]["result"])
        return
    workflow = DotFlow()
    workflow.task.add(make, initial_context=1)
    chained = {"depends_on": ["make"]} if mode in ("parallel", "threads", "async") else {}
    workflow.task.add(use, **chained)
    for step in (wait, Steps, fails):
        workflow.task.add(step, group_name=step.__name__)
    if mode == "groups":
        mode = "sequential"
    workflow.start(mode=mode, keep_going=True).wait()
    made, used, *others = workflow.result_storage()
    assert type(made) is Thing
    one, two, failed = workflow.result_task()[2:]
    print(made.size, used, one.current_context.storage, two.status, failed.reason)
"""
EXPECTED_OF_CELLS = "2 3 awaited Completed it is odd"


def run_cells(tmp_path, call, *flags, from_input=False):
    """Run the cells as `python -c` does, which has no file either, or `python < cells`."""
    import subprocess
    import sys

    text = f"{CELLS}\n{call}\n"
    return subprocess.run(
        [sys.executable, *flags, *(["-"] if from_input else ["-c", text])],
        input=text if from_input else "",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    "mode", ["groups", "background", "parallel", "threads", "async", "pipeline"]
)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.sampled(6)
def test_steps_that_no_file_has(tmp_path, method, mode):
    """Steps of a notebook, with all that they use, run in processes of every kind."""
    if method != "fork":
        pytest.importorskip("cloudpickle")
    done = run_cells(tmp_path, f"main({method!r}, {mode!r})")
    expected = "3" if mode == "pipeline" else EXPECTED_OF_CELLS
    assert done.stdout.strip() == expected, done.stderr


@pytest.mark.parametrize("mode", ["groups", "pipeline"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.sampled(3)
def test_a_program_from_the_standard_input(tmp_path, method, mode):
    """So do those of a program that Python reads from its standard input."""
    if method != "fork":
        pytest.importorskip("cloudpickle")
    done = run_cells(tmp_path, f"main({method!r}, {mode!r})", from_input=True)
    expected = "3" if mode == "pipeline" else EXPECTED_OF_CELLS
    assert done.stdout.strip() == expected, done.stderr


@pytest.mark.parametrize("mode", ["sequential", "background", "parallel"])
def test_steps_that_no_file_has_need_cloudpickle(tmp_path, mode):
    """Without cloudpickle such steps are refused, and what to install is said."""
    call = f"""
sys.modules["cloudpickle"] = None
try:
    main("spawn", {mode!r})
except Exception as error:
    print(type(error).__name__, error)
"""
    done = run_cells(tmp_path, call)
    assert done.stdout.startswith("GraphError"), done.stderr
    assert "'make'" in done.stdout
    assert "dotflow-core[cloudpickle]" in done.stdout


def test_a_step_below_the_main_guard_is_told_so(script):
    """Under spawn a step that only the guard defines fails by name, and says what to do."""
    program = script(
        """
import multiprocessing
from dotflow import DotFlow, action

if __name__ == "__main__":
    @action
    def step():
        return 1

    multiprocessing.set_start_method("spawn")
    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode="parallel")
    print(workflow.result_task()[0].reason)
"""
    )
    out = program.run().stdout
    assert "'step'" in out
    assert "outside of" in out


HARM = """
import multiprocessing
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

@action(isolate=True)
def dies():
    os._exit(7)

@action(isolate=True, timeout=1)
def sleeps():
    time.sleep(1000)

@action(isolate=True)
def blocks():
    note("pids", os.getpid())
    time.sleep(1000)

if __name__ == "__main__":
    method, mode, how = sys.argv[1:4]
    multiprocessing.set_start_method(method)
    workflow = DotFlow(Config(storage=StorageSQLite(HERE / "runs.db")), "w")
    for step in (dies, sleeps) if how == "ends" else (blocks,):
        workflow.task.add(step, group_name=step.__name__)
    deadline = 3 if how == "deadline" else None
    mode = "sequential" if mode == "groups" else mode
    run = workflow.start(mode=mode, keep_going=True, deadline=deadline)
    run.wait()
    print(run.status, *(task.outcome for task in workflow.result_task()))
"""


# Two modes that make processes each in its way; the soak has all.
@pytest.mark.parametrize(
    "mode",
    [
        "parallel",
        "async",
        *(
            pytest.param(mode, marks=pytest.mark.soak)
            for mode in ("groups", "background", "threads")
        ),
    ],
)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.sampled(3)
def test_harm_under_every_start_method(script, processes, method, mode):
    """Deaths, timeouts, deadlines and Ctrl-C end steps in processes of every kind."""
    program = script(HARM)
    assert program.run(method, mode, "ends").stdout == "Failed Crashed Timeout\n"
    assert program.run(method, mode, "deadline").stdout == "Cancelled Cancelled\n"
    (program.folder / "pids").unlink()
    process = program.start(method, mode, "signal")
    pid = int(program.first_line("pids"))
    process.send_signal(signal.SIGINT)
    done = program.finish(process)
    assert done.returncode in (-signal.SIGINT, 130), done.stderr
    processes.wait_until_dead(pid)
    storage = StorageSQLite(program.folder / "runs.db")
    statuses = [run.status for run in storage.history.runs()]
    storage.close()
    assert sorted(statuses) == ["Cancelled", "Cancelled", "Failed"]
