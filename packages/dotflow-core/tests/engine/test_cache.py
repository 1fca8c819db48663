"""Results that are found again: the same code on the same inputs is not run twice."""

from __future__ import annotations

import threading

import pytest

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageDefault, StorageSQLite
from dotflow.testing import RecordingNotify


def run(step, storage, initial=None, **options):
    """Run one step in a workflow of its own and return the task."""
    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(step, initial_context=initial)
    workflow.start(**options)
    return workflow.result_task()[0]


@pytest.fixture
def calls():
    return []


@pytest.fixture
def double(calls):
    @action(cache=True)
    def double(initial_context):
        calls.append(initial_context.storage)
        return initial_context.storage * 2

    return double


@pytest.mark.parametrize("durable", [False, True])
def test_a_kept_result_is_found_by_a_later_run(double, calls, durable, tmp_path):
    """The second run gets the result of the first and does not call the step."""

    def storage():
        return StorageSQLite(tmp_path / "runs.db")

    shared = StorageDefault()
    first = run(double, storage() if durable else shared, 21)
    second = run(double, storage() if durable else shared, 21)

    assert calls == [21]
    assert (first.cached, second.cached) == (False, True)
    assert second.current_context.storage == 42
    assert second.status == "Completed"


def test_other_inputs_are_computed(double, calls):
    """A change of the initial context is a change of the key."""
    storage = StorageDefault()
    assert run(double, storage, 1).current_context.storage == 2
    assert run(double, storage, "a").current_context.storage == "aa"
    assert calls == [1, "a"]


def test_what_comes_from_upstream_is_part_of_the_key(calls):
    """A step is computed again when the task before it returns something else."""
    storage = StorageDefault()
    source = [1]

    @action
    def produce():
        return source[0]

    @action(cache=True)
    def consume(previous_context):
        calls.append(previous_context.storage)
        return -previous_context.storage

    def results():
        workflow = DotFlow(Config(storage=storage))
        workflow.task.add([produce, consume])
        workflow.start()
        return workflow.result_storage()

    assert results() == results() == [1, -1]
    source[0] = 2
    assert results() == [2, -2]
    assert calls == [1, 2]


def test_other_code_is_computed():
    """Two functions of one name with different code do not share results."""
    storage = StorageDefault()

    def make(number):
        if number == 1:

            @action(cache=True)
            def step():
                return "one"

        else:

            @action(cache=True)
            def step():
                return "two"

        return step

    assert run(make(1), storage).current_context.storage == "one"
    assert run(make(2), storage).current_context.storage == "two"


def test_refresh_cache_computes_again_and_keeps_the_new_result(double, calls):
    """start(refresh_cache=True) calls the step although its result is kept."""
    storage = StorageDefault()
    run(double, storage, 3)
    run(double, storage, 3, refresh_cache=True)
    run(double, storage, 3)

    assert calls == [3, 3]


def test_cache_ttl_lets_a_result_expire(wait_until):
    """A result older than cache_ttl seconds is computed again."""
    storage = StorageDefault()
    calls = []

    @action(cache=True, cache_ttl=0.05)
    def step():
        calls.append(1)
        return 1

    def second_call():
        run(step, storage)
        return len(calls) > 1

    run(step, storage)
    wait_until(second_call)


def test_cache_key_stands_for_the_inputs(calls):
    """Inputs with the same cache_key share a result."""
    storage = StorageDefault()

    @action(cache=True, cache_key=lambda initial_context: initial_context.storage["id"])
    def step(initial_context):
        calls.append(1)
        return initial_context.storage["id"]

    run(step, storage, {"id": 7, "seen": 1})
    task = run(step, storage, {"id": 7, "seen": 2})

    assert (task.cached, len(calls)) == (True, 1)


def test_a_failure_is_not_kept(calls):
    """A step that failed runs again the next time."""
    storage = StorageDefault()

    @action(cache=True)
    def step():
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("the first time")
        return "done"

    assert run(step, storage).status == "Failed"
    assert run(step, storage).current_context.storage == "done"


def test_none_is_a_result_that_is_kept(calls):
    """A kept None is told apart from nothing kept."""
    storage = StorageDefault()

    @action(cache=True)
    def step():
        calls.append(1)

    run(step, storage)
    assert run(step, storage).cached
    assert len(calls) == 1


def test_inputs_that_cannot_be_compared_fail_the_task():
    """An input without a state of its own is an error, never somebody else's result."""

    @action(cache=True)
    def step(initial_context):
        return 1

    task = run(step, StorageDefault(), threading.Lock())

    assert task.status == "Failed"
    assert "cannot be compared" in task.errors[-1].message
    assert "cache_key" in task.errors[-1].message


def test_a_cached_task_is_told_as_completed_and_restored_on_resume(tmp_path):
    """Notifiers hear "Completed", and the checkpoint of a cached task is written."""
    notify = RecordingNotify()
    storage = StorageSQLite(tmp_path / "runs.db")

    @action(cache=True)
    def step():
        return 5

    run(step, storage)
    workflow = DotFlow(Config(storage=storage, notify=notify), "job")
    workflow.task.add(step)
    workflow.start()
    workflow.start(resume=True)

    assert workflow.result_task()[0].restored
    assert workflow.result_storage() == [5]
