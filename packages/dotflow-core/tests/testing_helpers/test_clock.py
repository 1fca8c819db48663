"""What passes at once under `dotflow.testing.fake_clock`, and what does not."""

from __future__ import annotations

import threading

import pytest

from dotflow import DotFlow, action
from dotflow.testing import assert_completed, fake_clock

MODES = ["sequential", "background", "parallel", "threads", "async"]


@action(rate="1/h")
def hourly() -> str:
    return "done"


@pytest.mark.parametrize("mode", MODES)
def test_rates_do_not_wait(mode):
    """Steps with a rate of one an hour run at once, and the clock tells of the hours."""
    workflow = DotFlow()
    workflow.task.add([hourly] * 3)
    with fake_clock() as clock:
        run = workflow.start(mode=mode)
        run.wait()
    assert_completed(run)
    assert 7000 < clock.elapsed <= 7200


def test_rates_of_items_do_not_wait():
    """The items of a map with a rate run at once."""
    workflow = DotFlow()
    workflow.task.add(action(lambda: range(4)), name="numbers")
    workflow.task.add(action(lambda item: item, rate="2/m"), map_over="numbers")
    with fake_clock() as clock:
        assert_completed(workflow.start())
    assert clock.waits == [60]


@pytest.mark.parametrize("mode", MODES)
def test_a_deadline_comes_before_a_later_retry(mode):
    """A deadline cancels a run that waits longer for a retry, without waiting for it."""

    @action(retry=5, retry_delay=60)
    def never():
        raise OSError

    workflow = DotFlow()
    workflow.task.add(never)
    with fake_clock() as clock:
        run = workflow.start(mode=mode, deadline=100)
        run.wait()
    assert run.status == "Cancelled"
    assert run.report()["never"].state == "Cancelled"
    assert clock.elapsed == pytest.approx(100, abs=1e-6)


@pytest.mark.parametrize("mode", ["sequential", "threads"])
def test_a_deadline_ends_a_step_that_blocks(mode):
    """A deadline also ends a step that takes that long in real time."""
    workflow = DotFlow()
    blocked = threading.Event()
    workflow.task.add(action(lambda: blocked.wait(60 if mode == "sequential" else 1)))
    with fake_clock():
        run = workflow.start(mode=mode, deadline=0.2)
    assert run.status == "Cancelled"


def test_methods_are_retried_without_waiting():
    """The delay between two attempts of a method of a class passes at once."""
    calls = []

    @action
    class Step:
        @action(retry=3, retry_delay=3600)
        def fetch(self):
            calls.append(1)
            if len(calls) < 3:
                raise OSError

    workflow = DotFlow()
    workflow.task.add(Step)
    with fake_clock() as clock:
        assert_completed(workflow.start())
    assert clock.waits == [3600, 3600]


def test_a_limit_is_given_on_while_others_run():
    """A step that waits for a limit starts when that is free, though another step runs."""
    seen = threading.Event()

    @action(limit="db")
    def first():
        return None

    @action(limit="db")
    def second():
        seen.set()

    workflow = DotFlow()
    workflow.task.add(action(lambda: seen.wait(60)), name="waits")
    workflow.task.add([first, second])
    with fake_clock():
        workflow.start(mode="threads")
    assert workflow.result_storage()[0] is True
