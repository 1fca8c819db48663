"""Defects of dotflow 1.0.1 about errors of tasks, by their number: none left."""

from __future__ import annotations

import pytest

from dotflow import Config, DotFlow, action
from dotflow.abc.tracer import Tracer
from dotflow.errors import DotflowError

MODES = ["sequential", "parallel", "sequential_group", "background"]


class Ends(Tracer):
    """A tracer that notes how runs end."""

    def __init__(self):
        self.ends = []

    def start_workflow(self, workflow_id, **kwargs):
        """Nothing to note."""

    def end_workflow(self, workflow_id, **kwargs):
        self.ends.append(kwargs["failed"])

    def start_task(self, task):
        """Nothing to note."""

    def end_task(self, task):
        self.ends.append((task.name, task.status))


def raising(error, **options):
    def step():
        raise error

    return action(step, retry_delay=0, **options)


@pytest.mark.parametrize("mode", MODES)
def test_defect_09_an_assertion_fails_the_task(mode):
    """`AssertionError` is an error like others: the task is Failed, `start` returns."""
    tracer, heard = Ends(), []
    workflow = DotFlow(config=Config(tracer=tracer))
    workflow.task.add(raising(AssertionError("1 != 2")))
    run = workflow.start(mode=mode, on_failure=lambda tasks: heard.append(len(tasks)))
    run.wait()
    task = workflow.result_task()[0]
    assert task.status == "Failed"
    assert (task.errors[0].exception, task.errors[0].message) == (
        "AssertionError",
        "1 != 2",
    )
    assert tracer.ends == [("step", "Failed"), True]
    assert heard == [1]


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "Cancelled"), (SystemExit(3), "Failed")]
)
def test_defect_09_an_interruption_ends_the_run_properly(error, status):
    """Ctrl-C and `sys.exit` in a step mark it, end the run, tell it, and propagate."""
    tracer, heard, ran = Ends(), [], []
    workflow = DotFlow(config=Config(tracer=tracer))
    workflow.task.add(raising(error, retry=3))
    workflow.task.add(action(lambda: ran.append(1)))
    with pytest.raises(type(error)):
        workflow.start(on_failure=lambda tasks: heard.append(len(tasks)))
    first, second = workflow.result_task()
    assert first.status == status
    assert first.errors[-1].exception == type(error).__name__
    assert first.duration is not None
    assert second.status == "Not started"
    assert tracer.ends == [("step", status), True]
    assert heard == [1]
    assert ran == []


def test_defect_09_after_an_interruption_the_workflow_starts_again():
    """An interrupted workflow is not left as running."""
    interruptions = [KeyboardInterrupt()]

    @action
    def step():
        if interruptions:
            raise interruptions.pop()
        return "done"

    workflow = DotFlow()
    workflow.task.add(step)
    with pytest.raises(KeyboardInterrupt):
        workflow.start()
    workflow.start()
    assert workflow.result_storage() == ["done"]


@pytest.mark.parametrize("code", [0, 3, None, "text"])
def test_defect_09_the_exit_code_is_the_steps(run_script, code):
    """`sys.exit(code)` in a step is that of the script."""
    result = run_script(
        f"""
        import sys
        from dotflow import DotFlow, action

        @action
        def leave():
            sys.exit({code!r})

        workflow = DotFlow()
        workflow.task.add(leave)
        workflow.start()
        """
    )
    assert result.returncode == {None: 0, "text": 1}.get(code, code)


class Silent(Exception):
    def __str__(self):
        return ""


class Unspeakable(Exception):
    def __str__(self):
        raise ValueError("not even that")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "error", [TimeoutError(), ValueError(), Silent(), Unspeakable(), KeyError("")]
)
def test_defect_10_messages_are_never_empty(error, mode):
    """An exception that says nothing is at least named in the message."""
    workflow = DotFlow()
    workflow.task.add(raising(error))
    workflow.start(mode=mode).wait()
    task = workflow.result_task()[0]
    assert task.status == "Failed"
    assert task.errors[0].message
    assert task.errors[0].exception == type(error).__name__


def test_defect_10_a_timeout_says_which_task_and_how_long():
    """The message of a timeout names the task and its bound, and it is retried."""

    @action(timeout=0.05, retry=2, retry_delay=0)
    def endless():
        while True:
            pass

    workflow = DotFlow()
    workflow.task.add(endless)
    workflow.start()
    task = workflow.result_task()[0]
    assert [error.exception for error in task.errors] == ["TimeoutError"] * 2
    for error in task.errors:
        assert "'endless'" in error.message
        assert "0.05 s" in error.message
    assert (task.status, task.outcome) == ("Failed", "Timeout")


def test_defect_10_a_timeout_error_of_the_users_own_is_retried():
    """A `TimeoutError` that a step raises is an error like others."""
    workflow = DotFlow()
    workflow.task.add(raising(TimeoutError("the server took too long"), retry=3))
    workflow.start()
    task = workflow.result_task()[0]
    assert [error.message for error in task.errors] == ["the server took too long"] * 3
    assert task.outcome == "Failed"


@pytest.mark.parametrize(
    "text",
    [
        "initial_context",
        "previous_context is missing a column",
        "missing 1 required positional argument: 'self'",
    ],
)
@pytest.mark.parametrize("kind", [ValueError, TypeError, AttributeError])
def test_defect_11_an_error_mentioning_a_context_is_reported_and_retried(kind, text):
    """No error is masked because of the words in it."""
    workflow = DotFlow()
    workflow.task.add(raising(kind(text), retry=3))
    workflow.start()
    task = workflow.result_task()[0]
    assert [(error.exception, error.message) for error in task.errors] == [
        (kind.__name__, text)
    ] * 3
    assert f"{kind.__name__}: {text}" in task.errors[0].traceback


def test_defect_11_a_traceback_shows_the_users_code_only():
    """The traceback of an error begins in the user's function."""
    workflow = DotFlow()
    workflow.task.add(raising(ValueError("no way")))
    workflow.start()
    traceback = workflow.result_task()[0].errors[0].traceback
    assert "in step" in traceback
    assert "dotflow/engine" not in traceback.replace("\\", "/")


def test_defect_11_dotflows_own_errors_of_a_step_are_reported():
    """A step that raises one of dotflow's exceptions is reported like any other."""
    workflow = DotFlow()
    workflow.task.add(raising(DotflowError("from inside"), retry=2))
    workflow.start()
    errors = workflow.result_task()[0].errors
    assert [error.message for error in errors] == ["from inside"] * 2
