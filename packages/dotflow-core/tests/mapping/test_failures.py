"""Failed items: retries, keep_going, timeouts, cancellation, progress, errors."""

from __future__ import annotations

import time

import pytest

from dotflow import action
from dotflow.model import events
from dotflow.model.items import MAX_ERRORS
from dotflow.testing import fake_clock

pytestmark = pytest.mark.start_methods


def mapped(quiet, step, items=range(5)):
    workflow = quiet()
    workflow.task.add(action(lambda: list(items)), name="numbers")
    workflow.task.add(step, name="step", map_over="numbers")
    workflow.task.add(action(lambda: "ran"), name="after", depends_on="step")
    return workflow


def test_a_failed_item_fails_the_task_and_starts_no_more(quiet, failing):
    """After a failure no further item starts, and the task fails with its index."""
    workflow = mapped(quiet, failing(1))
    workflow.start()
    task = workflow.task["step"]
    assert task.status == "Failed"
    assert task.reason == "1 of 5 items failed; item 1: bad 1"
    assert (task.mapped.completed, task.mapped.failed) == (1, 1)
    assert [(e.index, e.attempt, e.exception) for e in task.errors] == [
        (1, 1, "ValueError")
    ]
    assert workflow.task["after"].status == "Skipped"


def test_with_keep_going_the_other_items_run(mode, quiet, failing):
    """With keep_going every item runs, and the list has None for each that failed."""
    workflow = mapped(quiet, failing(1, 3))
    workflow.start(mode=mode, keep_going=True).wait()
    task = workflow.task["step"]
    assert task.status == "Failed"
    assert task.current_context.storage == [0, None, 2, None, 4]
    assert (task.mapped.completed, task.mapped.failed) == (3, 2)
    assert sorted(error.index for error in task.errors) == [1, 3]
    assert task.reason.startswith("2 of 5 items failed; item ")


def test_each_item_is_retried_by_itself(mode, quiet, failing):
    """An item that fails for good has had all its attempts, and no other had more."""
    workflow = mapped(quiet, failing(2, attempts=3))
    workflow.start(mode=mode, keep_going=True).wait()
    task = workflow.task["step"]
    assert [(error.index, error.attempt) for error in task.errors] == [
        (2, 1),
        (2, 2),
        (2, 3),
    ]
    assert task.retry_count == task.mapped.retried == 2


def test_an_item_that_succeeds_at_last_completes(quiet):
    """An item whose retry succeeds takes its place among the results."""
    seen = []

    @action(retry=2, retry_delay=0)
    def step(item):
        seen.append(item)
        if seen.count(item) == 1:
            raise ValueError
        return item * 2

    workflow = mapped(quiet, step)
    workflow.start()
    assert workflow.task["step"].current_context.storage == [0, 2, 4, 6, 8]
    assert sorted(seen) == sorted([*range(5), *range(5)])


@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "async"])
def test_each_item_has_its_own_timeout(mode, quiet):
    """An item that takes too long is stopped, the others complete."""

    @action(timeout=0.5)
    def step(item):
        if item == 1:
            time.sleep(60)
        return item

    workflow = mapped(quiet, step, range(3))
    workflow.start(mode=mode, keep_going=True)
    task = workflow.task["step"]
    assert task.current_context.storage == [0, None, 2]
    assert task.outcome == "Timeout"
    assert task.errors[-1].index == 1


def test_errors_are_bounded(quiet, failing):
    """However many items fail, only the first errors are kept; the counts tell all."""
    count = 3 * MAX_ERRORS
    workflow = mapped(quiet, failing(*range(count)), range(count))
    workflow.start(keep_going=True)
    task = workflow.task["step"]
    assert len(task.errors) == MAX_ERRORS
    assert task.mapped.failed == count


@pytest.mark.untraced
@pytest.mark.parametrize("mode", ["sequential", "threads", "async"])
def test_a_deadline_ends_a_map(mode, quiet):
    """A deadline ends a map without end, and the task is Cancelled."""

    def for_ever():
        while True:
            yield 1

    workflow = quiet()
    workflow.task.add(action(lambda: for_ever()), name="numbers")
    workflow.task.add(action(lambda: time.sleep(0.01)), name="step", map_over="numbers")
    run = workflow.start(mode=mode, deadline=2)
    assert run.status == "Cancelled"
    assert workflow.task["step"].status == "Cancelled"
    assert workflow.task["step"].mapped.completed > 0


def test_a_step_can_cancel_the_run_it_is_mapped_in(quiet):
    """A cancelled map starts no further item."""
    workflow = quiet()
    seen = []

    @action
    def step(item):
        seen.append(item)
        if item == 2:
            workflow.cancel("enough")

    workflow.task.add(action(lambda: range(10)), name="numbers")
    workflow.task.add(step, map_over="numbers")
    assert workflow.start().status == "Cancelled"
    assert seen == [0, 1, 2]


def test_a_limit_counts_items(quiet):
    """Items of a limited step run no more at once than the limit says."""
    running, most = set(), []

    @action(limit="db")
    def step(item):
        running.add(item)
        most.append(len(running))
        time.sleep(0.005)
        running.discard(item)
        return item

    workflow = mapped(quiet, step, range(20))
    workflow.start(mode="threads", limits={"db": 2})
    assert workflow.task["step"].current_context.storage == list(range(20))
    assert max(most) <= 2


def test_a_rate_counts_items(quiet):
    """A rate lets no more items start in its period than it says."""
    starts = []

    with fake_clock() as clock:

        @action(rate="20/s")
        def step(item):
            starts.append(round(clock.elapsed, 3))

        mapped(quiet, step, range(22)).start()
    assert starts == [0] * 20 + [1, 1]


def test_items_are_cached_one_by_one(quiet):
    """With `cache=True` an item that was computed before is not computed again."""
    seen = []

    @action(cache=True)
    def step(item):
        seen.append(item)
        return item + 1

    workflow = quiet()
    items = [1, 2]
    workflow.task.add(action(lambda: list(items)), name="numbers")
    workflow.task.add(step, map_over="numbers")
    workflow.start()
    items.append(3)
    workflow.start()
    assert seen == [1, 2, 3]
    assert workflow.result_storage()[1] == [2, 3, 4]
    assert workflow.task["step"].mapped.restored == 2


def test_events_tell_of_every_item(quiet, monkeypatch, failing):
    """Whoever listens hears of each item that completed, was retried or failed."""
    heard = []
    buses = events.EventBus.__init__

    def listening(self):
        buses(self)
        for kind in (events.ItemCompleted, events.ItemRetried, events.ItemFailed):
            self.subscribe(
                kind, lambda e: heard.append((type(e).__name__, e.index)), "test"
            )

    monkeypatch.setattr(events.EventBus, "__init__", listening)
    workflow = mapped(quiet, failing(1, attempts=2), range(3))
    workflow.start(keep_going=True)
    assert sorted(heard) == [
        ("ItemCompleted", 0),
        ("ItemCompleted", 2),
        ("ItemFailed", 1),
        ("ItemRetried", 1),
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_in_an_item_ends_the_run(error, quiet):
    """What ends the program does so from inside a map too."""

    @action
    def step(item):
        raise error

    workflow = mapped(quiet, step)
    with pytest.raises(error):
        workflow.start()
    assert workflow.task["step"].status in ("Cancelled", "Failed")


def test_a_report_counts_the_items(quiet, failing):
    """The report of a run tells how many items completed and failed, also as JSON."""
    from dotflow.report import RunReport

    workflow = mapped(quiet, failing(1), range(3))
    report = workflow.start(keep_going=True).report()
    again = RunReport.from_dict(report.to_dict())
    for told in (report, again):
        assert told["step"].mapped == {
            "completed": 2,
            "failed": 1,
            "restored": 0,
            "retried": 0,
            "total": 3,
        }
        assert told["numbers"].mapped is None
