"""`mode="background"`: `start` returns at once, and the run can be watched."""

from __future__ import annotations

import threading

import pytest

from dotflow import DotFlow, action
from dotflow.errors import WorkflowAlreadyRunning

# How long to wait for what comes at once, before a test fails rather than hangs.
PATIENCE = 60


@pytest.fixture
def held():
    """A workflow whose first step waits for `held.release`."""

    class Held:
        started, release = threading.Event(), threading.Event()
        workflow = DotFlow()

        def start(self, **options):
            run = self.workflow.start(mode="background", **options)
            assert self.started.wait(PATIENCE)
            return run

    held = Held()

    @action
    def hold():
        held.started.set()
        held.release.wait(PATIENCE)
        return "held"

    held.workflow.task.add(hold)
    held.workflow.task.add(action(lambda previous_context: "after"))
    yield held
    held.release.set()


def test_start_returns_while_the_tasks_run(held):
    """`start` is back before the first task has ended, and statuses can be read."""
    run = held.start()
    statuses = [task.status for task in held.workflow.result_task()]
    assert statuses == ["In progress", "Not started"]
    assert run.status == "In progress"
    assert run.wait(timeout=0) is False
    assert held.workflow.result_storage() == [None, None]
    held.release.set()
    assert run.wait() is True
    assert [task.status for task in held.workflow.result_task()] == ["Completed"] * 2
    assert held.workflow.result_storage() == ["held", "after"]
    assert run.status == "Completed"


@pytest.mark.parametrize("mode", ["background", "sequential", "parallel"])
def test_a_second_start_is_refused(held, mode):
    """While a background run goes on, a start says to wait, and disturbs nothing."""
    run = held.start()
    with pytest.raises(WorkflowAlreadyRunning, match=r"manager\.wait\(\)"):
        held.workflow.start(mode=mode)
    held.release.set()
    run.wait()
    assert held.workflow.result_storage() == ["held", "after"]


def test_after_the_run_it_can_be_started_again(held):
    """Once a background run has ended, the same object starts again."""
    held.release.set()
    held.start().wait()
    held.workflow.start()
    assert held.workflow.result_storage() == ["held", "after"]


def test_another_workflow_may_start_meanwhile(held):
    """A background run keeps no other workflow from starting."""
    run = held.start()
    other = DotFlow()
    other.task.add(action(lambda: "other"))
    other.start()
    assert other.result_storage() == ["other"]
    held.release.set()
    run.wait()


def test_callbacks_come_before_the_run_has_ended(held):
    """When `wait` returns, `on_success` has been called."""
    heard = []
    run = held.start(on_success=lambda tasks: heard.append(len(tasks)))
    assert heard == []
    held.release.set()
    run.wait()
    assert heard == [2]


def test_errors_are_refused_in_the_caller():
    """Bad input raises from `start` itself, not in the thread."""
    workflow = DotFlow()
    workflow.task.add(action(lambda: 1), depends_on="nobody")
    with pytest.raises(ValueError, match="'nobody'"):
        workflow.start(mode="background")


SCRIPT = """
import sys, time
from dotflow import DotFlow, action

@action
def slow():
    time.sleep(0.5)
    print("finished", flush=True)

workflow = DotFlow()
workflow.task.add(slow)
workflow.start(mode="background"{options})
print("end of script", flush=True)
{then}
"""


def test_the_end_of_a_script_waits(run_script):
    """A script ends after its background run."""
    result = run_script(SCRIPT.format(options="", then=""))
    assert result.stdout.splitlines() == ["end of script", "finished"]
    assert result.returncode == 0, result.stderr


def test_the_end_of_a_script_can_be_told_not_to_wait(run_script):
    """With `wait_at_exit=False` the run ends with the script."""
    result = run_script(SCRIPT.format(options=", wait_at_exit=False", then=""))
    assert result.stdout.splitlines() == ["end of script"]
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("then", "code"), [("sys.exit(3)", 3), ("raise ValueError('end')", 1)]
)
def test_an_early_end_of_a_script_waits_too(run_script, then, code):
    """`sys.exit` and an exception wait for the run, and keep their exit code."""
    result = run_script(SCRIPT.format(options="", then=then))
    assert result.stdout.splitlines() == ["end of script", "finished"]
    assert result.returncode == code, result.stderr
