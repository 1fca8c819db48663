"""Every mode under fork, spawn and forkserver, as a user's script sets them."""

from __future__ import annotations

import json

import pytest

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
    if mode == "parallel":
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


@pytest.mark.parametrize("mode", ["sequential_group", "background", "parallel"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", ["in the script", "in a module"])
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


def test_an_isolated_step_that_cannot_be_sent_is_refused_too(script):
    """Under spawn a sequential run with an isolated lambda fails before it begins."""
    program = script(
        """
import multiprocessing
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
        workflow.start()
    except Exception as error:
        print(type(error).__name__, "the lambda" in str(error))
"""
    )
    assert program.run().stdout == "GraphError True\n"
    assert program.lines("ran") == []


def test_an_input_that_cannot_be_sent_names_its_task(script):
    """Under spawn an input without a pickle fails its task at once, by name."""
    program = script(
        """
import multiprocessing
from dotflow import DotFlow, action

@action
def make():
    return lambda: 1

@action(isolate=True, retry=3, retry_delay=100)
def use(previous_context):
    return 1

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    workflow = DotFlow()
    workflow.task.add([make, use])
    workflow.start()
    task = workflow.result_task()[1]
    print(task.status, task.attempt, "'use'" in task.reason)
"""
    )
    assert program.run().stdout == "Failed 1 True\n"


def test_a_value_its_process_cannot_load_is_a_clear_error(script):
    """An input whose class the other process cannot import fails its task by name."""
    program = script(
        """
import multiprocessing, types
from dotflow import DotFlow, action

@action
def make():
    module = types.ModuleType("made_up")
    sys.modules["made_up"] = module
    module.Thing = type("Thing", (), {"__module__": "made_up"})
    return module.Thing()

@action(isolate=True)
def use(previous_context):
    return 1

if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    workflow = DotFlow()
    workflow.task.add([make, use])
    workflow.start()
    print(workflow.result_task()[1].reason)
"""
    )
    out = program.run().stdout
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
