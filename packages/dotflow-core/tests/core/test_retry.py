"""Retries: how often, when, after how long, and what is heard of them."""

from __future__ import annotations

import pytest

from dotflow import DotFlow, action
from dotflow.model.retry import RetryPolicy

FAILS_THRICE = ["Not started", "In progress", "Retry", "Retry", "Failed"]


class Flaky:
    """A step that fails the first `failures` times."""

    def __init__(self, failures, error=None, **options):
        self.calls, self.failures = 0, failures
        self.error = error or ValueError("no way")
        self.step = action(self.run, retry_delay=0, **options)

    def run(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return self.calls


def task_of(flaky, **options):
    workflow = DotFlow(**options)
    workflow.task.add(flaky.step, name="flaky")
    workflow.start()
    return workflow.result_task()[0]


@pytest.mark.parametrize(("retry", "calls"), [(0, 1), (1, 1), (2, 2), (5, 5)])
def test_retry_counts_all_attempts(retry, calls):
    """`retry` is the number of attempts in all; 0 still runs once."""
    flaky = Flaky(failures=99, retry=retry)
    task = task_of(flaky)
    assert flaky.calls == calls
    assert task.status == "Failed"
    assert len(task.errors) == calls
    assert task.retry_count == calls - 1


def test_attempts_stop_at_the_first_success():
    """A task that succeeds in the second attempt is completed, with its first error."""
    flaky = Flaky(failures=1, retry=5)
    task = task_of(flaky)
    assert (task.status, task.current_context.storage) == ("Completed", 2)
    assert [error.attempt for error in task.errors] == [1]
    assert task.retry_count == 1
    assert task.attempt == 2


def test_statuses_of_a_task_that_fails(config, notify):
    """A notifier hears `Not started, In progress, Retry, Retry, Failed` of retry=3."""
    task_of(Flaky(failures=99, retry=3), config=config)
    assert notify.of("flaky") == FAILS_THRICE


def test_statuses_of_a_task_that_recovers(config, notify):
    """A notifier hears `Not started, In progress, Retry, Completed` of a recovery."""
    task_of(Flaky(failures=1, retry=3), config=config)
    assert notify.of("flaky") == ["Not started", "In progress", "Retry", "Completed"]


@pytest.mark.parametrize("mode", ["parallel", "sequential_group", "background"])
def test_statuses_are_the_same_in_every_mode(config, notify, mode):
    """The parent hears of each attempt, wherever it runs."""
    workflow = DotFlow(config=config)
    workflow.task.add(Flaky(failures=99, retry=3).step, name="flaky")
    workflow.start(mode=mode).wait()
    assert notify.of("flaky") == FAILS_THRICE


def test_each_attempt_has_its_number():
    """Errors carry the attempts 1, 2, 3."""
    task = task_of(Flaky(failures=99, retry=3))
    assert [error.attempt for error in task.errors] == [1, 2, 3]


@pytest.mark.parametrize(
    ("retry_on", "calls"),
    [
        (OSError, 3),
        ((KeyError, OSError), 3),
        (Exception, 3),
        (ValueError, 1),
        ((KeyError, ValueError), 1),
    ],
)
def test_retry_on_chooses_the_exceptions(retry_on, calls):
    """Only an exception that `retry_on` names, or a subclass, is worth a retry."""
    flaky = Flaky(99, FileNotFoundError("gone"), retry=3, retry_on=retry_on)
    assert task_of(flaky).status == "Failed"
    assert flaky.calls == calls


def test_other_tasks_are_not_retried():
    """A retry repeats its own task alone."""
    calls = []
    workflow = DotFlow()
    workflow.task.add(action(lambda: calls.append("before")))
    workflow.task.add(Flaky(failures=2, retry=3).step)
    workflow.task.add(action(lambda: calls.append("after")))
    workflow.start()
    assert calls == ["before", "after"]


def test_the_next_start_has_all_attempts_again():
    """Attempts are counted anew in each run."""
    flaky = Flaky(failures=99, retry=2)
    workflow = DotFlow()
    workflow.task.add(flaky.step)
    workflow.start()
    workflow.start()
    assert flaky.calls == 4
    assert workflow.result_task()[0].retry_count == 1


@pytest.mark.parametrize(
    ("options", "delays"),
    [
        ({"delay": 2}, [2, 2, 2, 2]),
        ({"delay": 0.5, "backoff": True}, [0.5, 1, 2, 4]),
        ({"delay": 3, "backoff": True, "max_delay": 7}, [3, 6, 7, 7]),
        ({"delay": 0, "backoff": True}, [0, 0, 0, 0]),
        ({"delay": 9, "max_delay": 5}, [5, 5, 5, 5]),
    ],
)
def test_delays(options, delays):
    """The delay is constant, or doubles with `backoff`, up to `max_delay`."""
    policy = RetryPolicy(attempts=5, **options)
    assert [policy.delay_after(attempt) for attempt in (1, 2, 3, 4)] == delays


def test_delays_never_overflow():
    """A doubled delay stays a number after thousands of attempts."""
    policy = RetryPolicy(attempts=10_000, delay=1, backoff=True, max_delay=60)
    assert policy.delay_after(9_999) == 60
    assert RetryPolicy(9, 1, True).delay_after(9_999) > 0


@pytest.mark.parametrize("jitter", [0.25, 1, True])
def test_jitter_stays_in_its_bounds(jitter):
    """With jitter a delay is between `(1 - jitter) * delay` and `delay`, not one value."""
    policy = RetryPolicy(attempts=5, delay=8, jitter=jitter)
    delays = {policy.delay_after(1) for _ in range(200)}
    assert all((1 - float(jitter)) * 8 <= delay <= 8 for delay in delays)
    assert len(delays) > 1


def test_the_delay_is_waited_for(monkeypatch):
    """Between attempts the engine waits as long as the policy says."""
    import time

    slept = []
    monkeypatch.setattr(time, "sleep", lambda seconds: slept.append(seconds))
    clock = iter(range(0, 1_000_000, 5))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    flaky = Flaky(failures=2)
    flaky.step = action(flaky.run, retry=3, retry_delay=40)
    assert task_of(flaky).status == "Completed"
    assert slept
    assert all(0 < seconds <= 40 for seconds in slept)
