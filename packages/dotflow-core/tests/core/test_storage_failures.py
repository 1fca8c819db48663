"""A storage that fails: the task is Failed and named, nothing is lost silently."""

from __future__ import annotations

import logging
import threading

import pytest

from dotflow import Config, Context, DotFlow, action
from dotflow.errors import StorageError
from dotflow.providers import StorageDefault, StorageFile

pytestmark = pytest.mark.start_methods


class Breaking(StorageDefault):
    """A storage in memory whose methods fail for keys that contain a text."""

    post_fails = get_fails = "nothing"

    def post(self, key, context, *more, **options):
        if self.post_fails in key:
            raise OSError("disk full")
        super().post(key, context, *more, **options)

    def get(self, key):
        if self.get_fails in key:
            raise OSError("disk gone")
        return super().get(key)


@pytest.fixture
def storage():
    return Breaking()


@pytest.fixture
def start(storage):
    """Start a chain a, b, c of steps that note that they ran."""

    def run(**options):
        ran = []
        workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
        for name in "abc":
            step = action(lambda name=name: ran.append(name), retry=3, retry_delay=0)
            workflow.task.add(step, name=f"task_{name}")
        workflow.start(**options)
        return ran, workflow.result_task()

    return run


def test_a_result_that_cannot_be_stored_fails_its_task(storage, start):
    """A failing `post` makes the task Failed, and the error names task and storage."""
    storage.post_fails = "task_b"
    ran, tasks = start()
    assert [task.status for task in tasks] == ["Completed", "Failed", "Not started"]
    error = tasks[1].errors[-1]
    assert error.exception == "StorageError"
    for word in ("'task_b'", "Breaking", "disk full"):
        assert word in error.message
    assert tasks[1].current_context.storage is None
    assert ran == ["a", "b"]


def test_a_step_is_not_repeated_for_the_storage(storage, start):
    """A step that has run is not retried because its result could not be stored."""
    storage.post_fails = "task_a"
    ran, tasks = start()
    assert ran == ["a"]
    assert len(tasks[0].errors) == 1


def test_what_was_stored_before_is_resumed(storage, start):
    """After the storage is mended, a resume repeats only what was not stored."""
    storage.post_fails = "task_b"
    start()
    storage.post_fails = "nothing"
    ran, tasks = start(resume=True)
    assert ran == ["b", "c"]
    assert [task.status for task in tasks] == ["Completed"] * 3


def test_a_checkpoint_that_cannot_be_read_fails_its_task(storage, start):
    """A failing `get` makes the task Failed: it may have run, so it is not repeated."""
    start()
    storage.get_fails = "task_b"
    ran, tasks = start(resume=True)
    assert [task.status for task in tasks] == ["Completed", "Failed", "Not started"]
    assert "'task_b'" in tasks[1].errors[-1].message
    assert "disk gone" in tasks[1].errors[-1].message
    assert ran == []


@pytest.mark.parametrize("method", ["get_fails", "post_fails"])
def test_a_storage_that_fails_at_once_is_an_error(storage, start, method):
    """If not even the run can be noted, `start` raises and no task runs."""
    setattr(storage, method, "")
    ran = []
    workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
    workflow.task.add(action(lambda: ran.append(1)))
    with pytest.raises(StorageError, match=r"Breaking.*disk"):
        workflow.start(resume=True)
    assert ran == []


def test_a_storage_that_fails_at_the_end_is_reported(storage, start, caplog):
    """If only the end of the run cannot be noted, that is a warning."""

    class BreaksLater(Breaking):
        runs = 0

        def post(self, key, context, *more, **options):
            if key.endswith("~run"):
                self.runs += 1
                if self.runs > 1:
                    raise OSError("disk full")
            super().post(key, context, *more, **options)

    workflow = DotFlow(config=Config(storage=BreaksLater()), workflow_id="nightly")
    workflow.task.add(action(lambda: 1))
    with caplog.at_level(logging.WARNING, logger="dotflow"):
        run = workflow.start()
    assert run.status == "Completed"
    assert any("disk full" in record.getMessage() for record in caplog.records)


def test_a_value_without_a_stored_form(tmp_path):
    """An object that cannot be stored fails its task, with the type and what to do."""
    storage = StorageFile(path=tmp_path)
    workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
    workflow.task.add(action(lambda: "kept"), name="before")
    workflow.task.add(action(threading.Lock), name="locks")
    workflow.start()
    before, locks = workflow.result_task()
    assert locks.status == "Failed"
    message = locks.errors[-1].message
    assert "'locks'" in message
    assert "lock" in message.partition("type")[2]
    assert storage.get(storage.key(before)).storage == "kept"


def test_parallel_tasks_fail_one_by_one(storage):
    """In `parallel` the tasks that could be stored are completed."""
    storage.post_fails = "task_b"
    workflow = DotFlow(config=Config(storage=storage), workflow_id="nightly")
    for name in "abc":
        workflow.task.add(action(lambda: Context(1)), name=f"task_{name}")
    workflow.start(mode="parallel")
    statuses = [task.status for task in workflow.result_task()]
    assert statuses == ["Completed", "Failed", "Completed"]
