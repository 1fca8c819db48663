"""Values of any size and kind between processes, and what cannot travel."""

from __future__ import annotations

import os
import threading

import pytest

from dotflow import DotFlow, action

pytestmark = pytest.mark.start_methods

MODES = ("parallel", "sequential_group")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [60_000, 65_536, 70_000, 1_000_000, 100_000_000])
def test_a_result_of_any_size_arrives(size, mode, nothing_left):
    """A result of 100 MB arrives from a process as one of 1 KB does."""

    @action
    def step():
        return os.urandom(8) * (size // 8)

    workflow = DotFlow()
    workflow.task.add(step, group_name="a")
    workflow.task.add(step, group_name="b")
    workflow.start(mode=mode)
    assert [len(value) for value in workflow.result_storage()] == [size // 8 * 8] * 2


def test_a_large_result_goes_to_the_next_task():
    """The tasks of a group hand results of 50 MB to each other."""

    @action
    def make():
        return bytearray(50_000_000)

    @action
    def grow(previous_context):
        return previous_context.storage + b"!"

    workflow = DotFlow()
    workflow.task.add([make, grow, grow], group_name="a")
    workflow.task.add(make, group_name="b")
    workflow.start()
    assert len(workflow.result_storage()[2]) == 50_000_002


@pytest.mark.parametrize("mode", MODES)
def test_a_result_that_cannot_travel_is_a_clear_error(mode, nothing_left):
    """A result without a pickle fails its task at once and names task and type."""

    @action(retry=3, retry_delay=100)
    def open_connection():
        return threading.Lock()

    workflow = DotFlow()
    workflow.task.add(open_connection, group_name="a")
    workflow.task.add(action(lambda: 1), name="other", group_name="b")
    workflow.start(mode=mode)
    task, other = workflow.result_task()
    assert other.status == "Completed"
    assert (task.status, task.outcome, task.attempt) == ("Failed", "Failed", 1)
    assert "open_connection" in task.reason
    assert "lock" in task.reason


@pytest.mark.parametrize("mode", MODES)
def test_a_result_that_cannot_be_rebuilt_is_a_clear_error(mode):
    """A result whose unpickling raises fails its task and names it."""

    class Fragile:
        def __reduce__(self):
            return (int, ("not a number",))

    @action
    def step():
        return Fragile()

    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode=mode)
    (task,) = workflow.result_task()
    assert task.status == "Failed"
    assert "'step'" in task.reason
    assert "not a number" in task.reason


@pytest.mark.parametrize("mode", MODES)
def test_lambdas_and_local_functions_are_steps(mode):
    """Where processes are forked, a step and its input need no pickle."""
    workflow = DotFlow()
    lock = threading.Lock()
    workflow.task.add(action(lambda: "lambda"), name="a", group_name="a")
    workflow.task.add(
        action(lambda initial_context: initial_context.storage is lock),
        initial_context=lock,
        name="b",
        group_name="b",
    )
    workflow.start(mode=mode)
    assert workflow.result_storage()[0] == "lambda"
    assert workflow.result_task()[1].status == "Completed"


def test_an_isolated_step_gets_what_has_no_pickle(nothing_left):
    """An isolated step receives a lambda from the task before it."""

    @action
    def make():
        return lambda: 42

    @action(isolate=True)
    def call(previous_context):
        return previous_context.storage()

    workflow = DotFlow()
    workflow.task.add([make, call])
    workflow.start()
    assert workflow.result_storage()[1] == 42


@pytest.mark.parametrize("mode", MODES)
def test_an_exception_that_cannot_be_pickled_is_reported(mode):
    """The user's exception is told with message and traceback, whatever it holds."""

    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")
            self.lock = threading.Lock()

    @action
    def step():
        raise Odd("this", "that")

    workflow = DotFlow()
    workflow.task.add(step)
    workflow.start(mode=mode)
    (error,) = workflow.result_task()[0].errors
    assert (error.exception, error.message) == ("Odd", "this and that")
    assert 'raise Odd("this", "that")' in error.traceback


@pytest.mark.parametrize("mode", MODES)
def test_what_a_step_prints_comes_out_once(mode, script):
    """Printed text of steps and script appears exactly once, pipes or not."""
    program = script(
        f"""
from dotflow import DotFlow, action
print("before, not flushed", end=";")
@action
def step():
    print("inside", end=";")
workflow = DotFlow()
workflow.task.add(step, group_name="a")
workflow.task.add(step, group_name="b")
workflow.start(mode={mode!r})
print("after")
"""
    )
    out = program.run().stdout
    assert [out.count(word) for word in ("before", "inside", "after")] == [1, 2, 1]


def test_a_closed_output_crashes_no_task(script):
    """A step that prints into a pipe that nobody reads completes all the same."""
    program = script(
        """
from dotflow import DotFlow, action
@action
def step():
    print("into the void")
    return 1
workflow = DotFlow()
workflow.task.add([step, step])
read, write = os.pipe()
os.close(read)
os.dup2(write, 1)
workflow.start(mode="parallel")
note("outcomes", [task.outcome for task in workflow.result_task()])
"""
    )
    program.run(PYTHONUNBUFFERED="")
    assert program.lines("outcomes") == ["['Completed', 'Completed']"]
