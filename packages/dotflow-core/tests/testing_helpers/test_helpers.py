"""What `dotflow.testing` offers for tests of workflows."""

from __future__ import annotations

import time
import unittest

import pytest

from dotflow import Context, DotFlow, action
from dotflow.testing import (
    assert_completed,
    assert_failed,
    assert_not_ran,
    assert_ran,
    fake_clock,
    override_steps,
    run_with_fake_clock,
)


@action(retry=4, retry_delay=3600, backoff=True)
def fetch() -> int:
    raise OSError("no network here")


@action
def double(previous_context: Context) -> int:
    return previous_context.storage * 2


@pytest.fixture
def workflow():
    workflow = DotFlow()
    workflow.task.add(fetch)
    workflow.task.add(double, depends_on="fetch")
    return workflow


@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "async"])
def test_a_constant_stands_for_a_step(workflow, mode):
    """A constant is what the step returns, in every mode."""
    with override_steps(workflow, fetch=21):
        assert assert_completed(workflow.start(mode=mode))
    assert workflow.result_storage() == [21, 42]


def test_a_callable_keeps_the_options(workflow):
    """A callable is attempted as often, and with the delays, of what it stands for."""
    calls = []

    def flaky():
        calls.append(1)
        if len(calls) < 4:
            raise OSError
        return 1

    with override_steps(workflow, {"fetch": flaky}), fake_clock() as clock:
        assert_ran(workflow.start(), "fetch", attempts=4)
    assert clock.waits == [3600, 7200, 14400]
    assert clock.elapsed == 25200


def test_the_steps_come_back(workflow):
    """After the block the workflow has its own steps again, also after an error."""
    with pytest.raises(ZeroDivisionError), override_steps(workflow, fetch=1):
        raise ZeroDivisionError
    assert workflow.task["fetch"].step is fetch


def test_unknown_names(workflow):
    """A name that no task has is refused before anything changes."""
    with pytest.raises(KeyError, match="fetsch"), override_steps(workflow, fetsch=1):
        pass
    assert workflow.task["fetch"].step is fetch


@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "async"])
def test_no_waiting(workflow, mode):
    """With a fake clock hours of delays pass at once, in every mode."""
    clock = run_with_fake_clock(workflow, mode=mode)
    assert clock.waits == [3600, 7200, 14400]
    assert_failed(workflow, "fetch", error=OSError, match="network", outcome="Failed")
    assert_not_ran(workflow, "double")


def test_the_clock_goes_back(workflow):
    """After the block runs go by the real clock again."""
    with fake_clock():
        pass

    @action(retry=2, retry_delay=0.05)
    def slow():
        raise OSError

    real = DotFlow()
    real.task.add(slow)
    before = time.monotonic()
    real.start()
    assert time.monotonic() - before >= 0.05


def test_messages_tell_what_happened(workflow):
    """An assertion that fails names the tasks, their states and their errors."""
    run_with_fake_clock(workflow)
    for check, expected in [
        (lambda: assert_completed(workflow), "fetch: Failed after 4 attempts, OSError"),
        (lambda: assert_completed(workflow, "double"), "double: Skipped"),
        (lambda: assert_failed(workflow, "double"), "should have ended as a failure"),
        (lambda: assert_failed(workflow, "fetch", error="KeyError"), "with KeyError"),
        (lambda: assert_failed(workflow, "fetch", match="xyz"), "matches 'xyz'"),
        (lambda: assert_ran(workflow, "double"), "did not run"),
        (lambda: assert_ran(workflow, "fetch", attempts=1), "did not take 1"),
        (lambda: assert_not_ran(workflow, "fetch"), "Some tasks ran"),
        (lambda: assert_ran(workflow, "nope"), "no task 'nope'"),
    ]:
        with pytest.raises(AssertionError) as failure:
            check()
        assert expected in str(failure.value)


def test_order():
    """assert_ran checks the order in which tasks began."""
    workflow = DotFlow()
    workflow.task.add(action(lambda: 1), name="a")
    workflow.task.add(action(lambda: 2), name="b")
    report = workflow.start().report()
    assert_ran(report, "a", "b")
    with pytest.raises(AssertionError, match="began before"):
        assert_ran(report, "b", "a")


def test_wrong_argument():
    """Something that is no run is refused with what to give."""
    with pytest.raises(TypeError, match="what start"):
        assert_completed(3)


def test_pipelines():
    """Of a pipeline a copy with the overrides is yielded."""
    from dotflow.pipeline import Pipeline

    pipeline = Pipeline("p")

    @pipeline.task()
    def number() -> int:
        raise OSError

    with override_steps(pipeline, number=7) as copy:
        assert copy is not pipeline


class TestWithUnittest(unittest.TestCase):
    def test_it_works(self):
        """The helpers need no test framework."""
        workflow = DotFlow()
        workflow.task.add(action(lambda: 1), name="one")
        assert_completed(workflow.start())
