"""`run_task`: tasks of one run in several processes, one attempt a call."""

from __future__ import annotations

import time
from threading import Barrier, Thread

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import (
    InvalidTask,
    StorageError,
    StorageNotDurable,
    UpstreamNotCompleted,
)
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite
from dotflow.types import TypeOutcome
from dotflow.workflow.single_task import run_task

RAN: list[str] = []
BROKEN: set[str] = set()


@pytest.fixture(autouse=True)
def clean():
    """Forget what ran."""
    RAN.clear()
    BROKEN.clear()


def note(name):
    RAN.append(name)
    if name in BROKEN:
        raise ValueError(f"{name} is broken")


@action
def extract(initial_context):
    note("extract")
    return initial_context.storage or [1, 2, 3]


@action(retry=3, retry_delay=60)
def total(extract):
    note("total")
    return sum(extract)


@action(retry=2, retry_delay=0)
def each(item):
    note(f"item {item}")
    return item * 10


@action(retry=3, retry_on=KeyError)
def load(previous_context):
    note("load")
    return previous_context.storage


@pytest.fixture(params=[StorageFile, StorageSQLite])
def build(request, quiet, tmp_path):
    """Make the workflow as each process does, with a storage of its own on one disk."""

    def make(workflow_id=None):
        path = tmp_path / ("runs.db" if request.param is StorageSQLite else "runs")
        flow = quiet(request.param(path=str(path)), workflow_id)
        flow.task.add(extract)
        flow.task.add(total, depends_on=extract)
        flow.task.add(each, map_over=extract)
        flow.task.add(load, depends_on=[total, each])
        return flow

    return make


def test_tasks_of_a_run_leave_what_start_would(build):
    """Each call finds what is upstream in the storage, and a resume finds it all."""
    for name in ("extract", "each", "total", "load"):
        run = run_task(build(), name, "r1")
        assert run.status == "Completed"
        assert run.task.attempt == 1
    assert run.task.current_context.storage == {"total": 6, "each": [10, 20, 30]}
    RAN.clear()
    flow = build("r1")
    flow.start(resume=True)
    assert RAN == []
    assert all(task.restored for task in flow.task)
    assert flow.result_storage()[-1] == {"total": 6, "each": [10, 20, 30]}


def test_run_of_start_is_gone_on_with(build):
    """What `start` has completed is not run again, and what it has not is."""
    BROKEN.add("load")
    build("r1").start()
    BROKEN.clear()
    RAN.clear()
    for name in ("extract", "each", "total", "load"):
        run = run_task(build(), name, "r1")
    assert RAN == ["load"]
    assert run.task.current_context.storage == {"total": 6, "each": [10, 20, 30]}


def test_completed_task_is_not_run_again(build):
    """A platform that calls twice gets the same answer, and the step runs once."""
    run_task(build(), "extract", "r1")
    again = run_task(build(), "extract", "r1")
    assert again.status == "Completed"
    assert again.task.restored
    assert again.task.current_context.storage == [1, 2, 3]
    assert RAN == ["extract"]
    run_task(build(), "extract", "r2")
    assert RAN == ["extract", "extract"], "another run is another run"


def test_one_attempt_is_made_and_the_caller_may_make_more(build):
    """`retry` is the platform's: a failure comes back at once, and says if it may help."""
    run_task(build(), "extract", "r1")
    BROKEN.add("total")
    run = run_task(build(), "total", "r1")
    assert run.status == run.task.status == "Failed"
    assert run.retryable
    assert run.task.reason == "total is broken"
    assert RAN == ["extract", "total"]
    BROKEN.clear()
    assert run_task(build(), "total", "r1").status == "Completed"


def test_failure_that_no_attempt_can_help_is_told_apart(build):
    """An exception that `retry_on` does not name is not retryable."""
    for name in ("extract", "each", "total"):
        run_task(build(), name, "r1")
    BROKEN.add("load")
    run = run_task(build(), "load", "r1")
    assert run.status == "Failed"
    assert not run.retryable


def test_items_of_a_mapped_task_have_their_attempts_within_a_call(build):
    """Items are retried inside, kept one by one, and go on where a call has failed."""
    run_task(build(), "extract", "r1")
    BROKEN.add("item 2")
    run = run_task(build(), "each", "r1")
    assert run.status == "Failed"
    assert not run.retryable
    assert RAN.count("item 2") == 2
    done = RAN.count("item 1")
    BROKEN.clear()
    run = run_task(build(), "each", "r1")
    assert run.task.current_context.storage == [10, 20, 30]
    assert RAN.count("item 1") == done == 1


def test_task_is_not_run_before_its_upstream(build):
    """What is not there yet is named, and nothing runs."""
    run_task(build(), "extract", "r1")
    with pytest.raises(UpstreamNotCompleted, match="no result of 'total', 'each'"):
        run_task(build(), "load", "r1")
    assert RAN == ["extract"]


def test_keep_going_skips_or_runs_as_start_does(quiet, tmp_path):
    """What depends on a failed task is skipped; what only comes after it runs."""

    def make():
        flow = quiet(StorageFile(path=str(tmp_path)))
        flow.task.add(extract)
        flow.task.add(load, name="after")
        flow.task.add(load, name="dependent", depends_on="extract")
        return flow

    BROKEN.add("extract")
    run_task(make(), "extract", "r1", keep_going=True)
    after = run_task(make(), "after", "r1", keep_going=True)
    assert after.task.status == "Completed"
    assert after.task.current_context.storage is None
    dependent = run_task(make(), "dependent", "r1", keep_going=True)
    assert dependent.status == "Completed"
    assert dependent.task.status == "Skipped"
    assert dependent.task.reason == "upstream task 'extract' failed"


def test_timeout_of_the_step_holds(quiet, tmp_path):
    """A step that takes too long is stopped here, whatever the platform would do."""

    @action(timeout=0.05, retry=2)
    def slow():
        time.sleep(60)

    flow = quiet(StorageFile(path=str(tmp_path)))
    flow.task.add(slow)
    run = run_task(flow, "slow", "r1")
    assert run.task.outcome == TypeOutcome.TIMEOUT
    assert run.retryable


def test_sub_workflow_is_run_task_by_task(quiet, tmp_path):
    """The tasks inside a sub-workflow are tasks like others, and so is its end."""

    def make():
        inner = DotFlow()
        inner.task.add(extract)
        inner.task.add(total, depends_on=extract)
        flow = quiet(StorageFile(path=str(tmp_path)))
        flow.task.add(inner, name="inner")
        flow.task.add(load, depends_on="inner")
        return flow

    for name in ("inner/extract", "inner/total", "inner", "load"):
        run = run_task(make(), name, "r1")
    assert run.task.current_context.storage == 6


def test_first_tasks_of_a_run_may_begin_at_once(build):
    """Roots that begin at the same time agree on the run that their results belong to."""
    ready = Barrier(4)

    def begin(place):
        flow = build()
        flow.task.add(extract, name=f"root {place}", depends_on=[])
        ready.wait()
        run_task(flow, f"root {place}", "r1")

    threads = [Thread(target=begin, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    RAN.clear()
    flow = build()
    for place in range(4):
        flow.task.add(extract, name=f"root {place}", depends_on=[])
    for place in range(4):
        assert run_task(flow, f"root {place}", "r1").task.restored
    assert RAN == []


def test_history_tells_of_each_call(quiet, tmp_path):
    """Each call stands in the history: the task, what was restored for it, its end."""

    def make():
        flow = quiet(StorageSQLite(tmp_path / "runs.db"))
        flow.task.add(extract)
        flow.task.add(total, depends_on=extract)
        return flow

    run_task(make(), "extract", "r1")
    BROKEN.add("total")
    run_task(make(), "total", "r1")
    flow = make()
    last, first = flow.config.storage.history.runs()
    assert (first.status, last.status) == ("Completed", "Failed")
    assert first.workflow_id == last.workflow_id == "r1"
    report = flow.config.storage.history.run(last.run_id)
    assert [(t.name, t.status, t.restored) for t in report.tasks] == [
        ("extract", "Completed", True),
        ("total", "Failed", False),
    ]
    assert report.metadata == {"task": "total"}


def test_cancelled_run_starts_no_further_task(build):
    """`cancel` of the workflow reaches steps that have yet to begin, where it can."""
    flow = build("r1")
    run_task(build(), "extract", "r1")
    flow.cancel("enough")
    run = run_task(build(), "total", "r1")
    assert run.status == "Cancelled"
    assert not run.retryable
    assert RAN == ["extract"]


def test_storage_has_to_be_durable(quiet, tmp_path, monkeypatch):
    """A workflow in memory takes the storage of the environment, or is refused."""
    monkeypatch.delenv("DOTFLOW_STORAGE", raising=False)
    flow = quiet(StorageDefault())
    flow.task.add(extract)
    with pytest.raises(StorageNotDurable, match=r"StorageDefault.*DOTFLOW_STORAGE"):
        run_task(flow, "extract", "r1")
    assert RAN == []
    monkeypatch.setenv("DOTFLOW_STORAGE", f"file:{tmp_path}")
    assert run_task(flow, "extract", "r1").status == "Completed"
    assert run_task(flow, "extract", "r1").task.restored


def test_unknown_task_is_refused_with_a_hint(build):
    """A misspelt name is told with the one that was meant."""
    with pytest.raises(InvalidTask, match=r"no task 'extrakt'.*mean 'extract'"):
        run_task(build(), "extrakt", "r1")


def test_storage_that_fails_after_the_step_is_no_reason_to_run_it_again(
    quiet, tmp_path
):
    """A result that cannot be kept fails the task for good."""

    @action
    def unkept():
        return lambda: "no"

    flow = quiet(StorageFile(path=str(tmp_path)))
    flow.task.add(unkept)
    run = run_task(flow, "unkept", "r1")
    assert run.status == "Failed"
    assert run.task.errors[-1].exception == StorageError.__name__
    assert not run.retryable


def test_state_of_the_workflow_is_left_alone(quiet, tmp_path):
    """The tasks of the workflow object are those of its `start`, not of a call."""
    flow = DotFlow(Config(storage=StorageFile(path=str(tmp_path))))
    flow.task.add(extract)
    flow.config.log = quiet().config.log
    run_task(flow, "extract", "r1")
    assert flow.task[0].status == "Not started"
