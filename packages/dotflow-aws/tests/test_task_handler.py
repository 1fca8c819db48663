"""`task_handler`: what a state machine of Step Functions calls for each task."""

from __future__ import annotations

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import InvalidWorkflowFactory
from dotflow.providers import StorageFile
from dotflow_aws import TaskFailed, TaskFailedForGood, task_handler


@action
def extract(initial_context):
    return initial_context.storage["rows"]


@action(retry=3)
def load(previous_context):
    if previous_context.storage == 13:
        raise ValueError("thirteen")
    return previous_context.storage + 1


@pytest.fixture
def handler(tmp_path):
    def build():
        flow = DotFlow(Config(storage=StorageFile(path=str(tmp_path))))
        flow.task.add(extract)
        flow.task.add(load, depends_on=extract)
        return flow

    return task_handler(build)


def event(task, run="run-1", **more):
    return {"task": task, "run": run, **more}


def test_calls_of_an_execution_make_a_run(handler):
    """Each call runs its task with what the one before has left in the storage."""
    given = {"rows": 3}
    assert handler(event("extract", input=given)) == {
        "task": "extract",
        "run": "run-1",
        "status": "Completed",
    }
    assert handler(event("load", input=given), None)["status"] == "Completed"


def test_names_of_errors_are_those_that_the_machine_knows(handler):
    """A retrier goes by the error's class: one may help, one cannot."""
    handler(event("extract", input={"rows": 13}))
    with pytest.raises(TaskFailed, match="thirteen") as failed:
        handler(event("load"))
    assert type(failed.value).__name__ == "TaskFailed"
    for wrong in (event("load", "another"), event("lod"), {"task": "load"}, []):
        with pytest.raises(TaskFailedForGood):
            handler(wrong)


def test_workflow_that_is_made_already_is_refused():
    """A function that would give every call the same workflow is found at its start."""
    with pytest.raises(InvalidWorkflowFactory):
        task_handler(DotFlow())
