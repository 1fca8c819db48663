"""What a timeout is reported as, how bounds nest, and what they leave as it was."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from dotflow import DotFlow, action

pytestmark = pytest.mark.start_methods

FOREVER = 1000.0
MODES = ("sequential", "background", "parallel", "sequential_group")


def run_in(mode, *steps, **options):
    """Run steps in a mode to their end; in groups, each in its own."""
    workflow = DotFlow()
    for number, step in enumerate(steps):
        group = f"group {number}" if mode == "sequential_group" else "default"
        workflow.task.add(step, group_name=group)
    workflow.start(mode=mode, **options).wait()
    return workflow.result_task()


@pytest.mark.parametrize("mode", MODES)
def test_a_timeout_says_which_task_and_how_long(mode):
    """The error of a timeout is a TimeoutError that names the task and the seconds."""

    @action(timeout=0.15)
    def load_orders():
        time.sleep(FOREVER)

    (task,) = run_in(mode, load_orders)
    (error,) = task.errors
    assert error.exception == "TimeoutError"
    assert "load_orders" in error.message
    assert "0.15 s" in error.message
    assert (task.status, task.outcome) == ("Failed", "Timeout")


@pytest.mark.parametrize("mode", MODES)
def test_a_timeout_is_retried(mode, tmp_path):
    """A timeout is followed by another attempt, as any failure is."""

    @action(timeout=0.15, retry=3, retry_delay=0)
    def step():
        attempts = tmp_path / "attempts"
        with attempts.open("a") as file:
            file.write("x")
        if attempts.stat().st_size < 3:
            time.sleep(FOREVER)
        return "third time"

    (task,) = run_in(mode, step)
    assert task.current_context.storage == "third time"
    assert (task.attempt, task.retry_count) == (3, 2)
    assert [error.attempt for error in task.errors] == [1, 2]


@pytest.mark.parametrize("mode", MODES)
def test_a_steps_own_timeout_error_is_an_ordinary_failure(mode):
    """A TimeoutError that the step raises itself is Failed, not Timeout."""

    @action(timeout=100)
    def step():
        raise TimeoutError("the server did not answer")

    (task,) = run_in(mode, step)
    assert (task.status, task.outcome) == ("Failed", "Failed")
    assert task.reason == "the server did not answer"


@pytest.mark.parametrize("seconds", [1e-6, 1e-5, 1e-4])
def test_a_tiny_timeout_is_only_a_timeout(seconds):
    """A timeout that is over before the step begins is reported as any other."""

    @action(timeout=seconds)
    def step():
        time.sleep(FOREVER)

    for _ in range(100):
        (task,) = run_in("sequential", step)
        assert task.outcome == "Timeout"


@pytest.fixture
def rings():
    """Install a handler for SIGALRM as a user's program has it; take it away after."""
    heard = []
    signal.setitimer(signal.ITIMER_REAL, 0)
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(time.monotonic()))
    yield heard
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_a_users_alarm_is_given_back(rings):
    """A program's own alarm handler and timer are as they were after a run."""

    @action(timeout=50)
    def quick():
        return 1

    handler = signal.getsignal(signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, 500, 7)
    run_in("sequential", quick)
    assert signal.getsignal(signal.SIGALRM) is handler
    left, interval = signal.getitimer(signal.ITIMER_REAL)
    assert 400 < left <= 500
    assert interval == 7
    assert rings == []


def test_a_users_alarm_rings_while_a_step_is_bounded(rings, wait_until):
    """A program's own alarm rings in time although a step with a timeout runs."""

    @action(timeout=500)
    def step():
        wait_until(lambda: len(rings) >= 3)
        return len(rings)

    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    (task,) = run_in("sequential", step)
    assert task.current_context.storage >= 3


def test_a_run_without_timers_leaves_no_timer(rings):
    """After a step with a timeout no timer is left, and no handler."""

    @action(timeout=0.1)
    def step():
        time.sleep(FOREVER)

    before = signal.getsignal(signal.SIGALRM)
    run_in("sequential", step)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize("mode", MODES)
def test_a_method_has_a_timeout_of_its_own(mode, nothing_left):
    """A timeout at a method of a class-based step bounds that method in every mode."""

    class Extract:
        @action
        def quick(self):
            return 1

        @action(timeout=0.2)
        def slow(self):
            time.sleep(FOREVER)

    (task,) = run_in(mode, action(Extract))
    assert (task.status, task.outcome) == ("Failed", "Timeout")
    assert "slow" in task.reason


@pytest.mark.parametrize("mode", MODES)
def test_a_class_timeout_bounds_its_methods_together(mode):
    """A timeout at a class bounds all its methods, even one that has a longer one."""

    @action(timeout=0.3)
    class Extract:
        @action(timeout=FOREVER)
        def slow(self):
            time.sleep(FOREVER)

    (task,) = run_in(mode, Extract)
    assert (task.status, task.outcome) == ("Failed", "Timeout")
    assert "0.3 s" in task.reason or "Extract" in task.reason


@pytest.mark.parametrize("inner_mode", ["sequential", "parallel", "sequential_group"])
@pytest.mark.parametrize("mode", MODES)
def test_a_timeout_bounds_a_workflow_inside_a_step(mode, inner_mode, nothing_left):
    """A step's timeout ends the workflow that the step runs, in whatever mode."""

    @action(timeout=FOREVER)
    def inner():
        time.sleep(FOREVER)

    @action(timeout=0.4)
    def outer():
        run_in(inner_mode, inner, inner)

    (task,) = run_in(mode, outer)
    nothing_left()
    assert (task.status, task.outcome) == ("Failed", "Timeout")
    assert "outer" in task.reason


def test_the_inner_of_two_bounds_ends_only_what_it_bounds():
    """A timeout inside a step with a longer one fails the inner task alone."""

    @action(timeout=0.15)
    def inner():
        time.sleep(FOREVER)

    @action(timeout=FOREVER)
    def outer():
        return [task.outcome for task in run_in("sequential", inner)]

    (task,) = run_in("sequential", outer)
    assert task.current_context.storage == ["Timeout"]


def test_a_timeout_works_in_any_thread(nothing_left):
    """A workflow started in a thread of the user's own has its timeouts kept."""

    @action(timeout=0.2)
    def step():
        time.sleep(FOREVER)

    seen = []
    thread = threading.Thread(target=lambda: seen.extend(run_in("sequential", step)))
    thread.start()
    thread.join()
    assert [task.outcome for task in seen] == ["Timeout"]


def test_the_chain_goes_on_after_a_timeout():
    """With keep_going the task after one that timed out runs, in the same process."""

    @action(timeout=0.1)
    def slow():
        time.sleep(FOREVER)

    @action
    def after():
        return "ran"

    tasks = run_in("sequential", slow, after, keep_going=True)
    assert [task.outcome for task in tasks] == ["Timeout", "Completed"]
