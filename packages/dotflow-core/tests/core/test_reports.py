"""`workflow.result()` and `task.result()`: the dictionaries of 1.x, made for JSON."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from dotflow import Context, DotFlow, Task, action


@action
def answer():
    return 42


@action
def fail():
    raise ValueError("no way")


def report(*steps, **add):
    workflow = DotFlow(name="Nightly")
    workflow.task.add(list(steps), **add)
    workflow.start()
    return workflow, workflow.result()


def test_keys_of_a_workflow():
    """A workflow's report has its ids and names twice, as in 1.x, and its tasks."""
    workflow, result = report(answer)
    identity = str(workflow.workflow_id)
    tasks = result.pop("tasks")
    assert result == {
        "workflow_id": identity,
        "workflow_name": "Nightly",
        "id": identity,
        "name": "Nightly",
    }
    assert [task["status"] for task in tasks] == ["Completed"]


def test_keys_of_a_task(report_keys):
    """A task's report has every key of 1.x."""
    _, result = report(answer)
    assert result["tasks"][0].keys() >= report_keys


def test_values_of_a_completed_task():
    """A completed task reports its ids, its times as local ISO texts and no error."""
    workflow, result = report(answer, initial_context="x")
    task = result["tasks"][0]
    assert task["id"] == task["task_id"] == workflow.result_task()[0].task_id
    assert task["workflow_id"] == str(workflow.workflow_id)
    assert task["group_name"] == "default"
    assert (task["errors"], task["error"]) == ([], None)
    created, started, finished = (
        datetime.fromisoformat(task[name])
        for name in ("created_at", "started_at", "finished_at")
    )
    assert created <= started <= finished
    assert created.tzinfo is None
    assert task["duration"] >= 0


def test_values_of_a_failed_task():
    """A failed task reports each error with attempt, class, message and traceback."""
    _, result = report(fail)
    task = result["tasks"][0]
    assert task["status"] == "Failed"
    assert task["error"] == task["errors"][-1]
    assert task["error"]["attempt"] == 1
    assert task["error"]["exception"] == "ValueError"
    assert task["error"]["message"] == "no way"
    assert 'raise ValueError("no way")' in task["error"]["traceback"]


def test_a_report_is_json():
    """A report goes through `json` whatever the values are."""
    _, result = report(answer, initial_context={1, 2})
    assert json.loads(json.dumps(result)) == result


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (1, "1"),
        ("text", '"text"'),
        ({"a": [1]}, '{"a": [1]}'),
        (False, "false"),
        ([], {}),
        ([1, "b"], {"raw:0": "1", "raw:1": '"b"'}),
        ((1,), {"raw:0": "1"}),
        (3 + 4j, "(3+4j)"),
    ],
)
def test_the_form_of_a_context(value, expected):
    """A value is a JSON text, a list one text an item, None is null."""
    task = Task(step=answer, initial_context=value)
    assert task.result()["initial_context"] == expected


def test_the_form_of_contexts_in_a_list():
    """Contexts in a list go by their task id, or by their place where they have none."""
    inner = [Context(1, task_id="first"), Context(2, task_id=None)]
    task = Task(step=answer, initial_context=inner)
    assert task.result()["initial_context"] == {"first": "1", "ctx:1": "2"}


def test_a_value_that_cannot_be_shown():
    """An object whose `repr` raises is reported by its class."""

    class Shy:
        def __repr__(self):
            raise RuntimeError("do not look")

    task = Task(step=answer, initial_context=Shy())
    assert task.result()["initial_context"].endswith("Shy object>")


def test_max_leaves_out_the_largest_context_first():
    """Over `max` the largest context gives way and the others stay."""
    task = Task(step=answer, initial_context="x" * 5_000)
    task.current_context = "y" * 100
    result = task.result(max=2_000)
    assert result["initial_context"] == {"message": "Context size exceeded"}
    assert result["current_context"] == json.dumps("y" * 100)
    assert len(json.dumps(result)) <= 2_000


def test_max_leaves_out_errors_next():
    """Where contexts are not enough, the errors go too."""
    task = Task(step=answer)
    task.errors = ValueError("e" * 5_000)
    result = task.result(max=2_000)
    assert (result["errors"], result["error"]) == ([], None)


def test_max_of_zero_keeps_what_identifies_the_task():
    """With `max=0` all contexts are null, and ids and status still there."""
    task = Task("id-1", answer, initial_context="x" * 100)
    result = task.result(max=0)
    assert result["initial_context"] is None
    assert result["current_context"] is None
    assert (result["task_id"], result["status"]) == ("id-1", "Not started")


def test_max_changes_the_report_only():
    """A shortened report leaves the task as it is."""
    task = Task(step=answer, initial_context="x" * 5_000)
    task.errors = ValueError("kept")
    task.result(max=0)
    assert task.initial_context.storage == "x" * 5_000
    assert [error.message for error in task.errors] == ["kept"]


def test_schema_is_the_report_as_a_model():
    """`schema()` of a task and of a workflow are models of the same values."""
    pytest.importorskip("dotflow_schema")
    workflow, result = report(answer, fail)
    assert workflow.task.schema().model_dump(mode="json")["id"] == result["id"]
    task = workflow.result_task()[1]
    assert task.schema().status == "Failed"
    assert task.schema(max=0).errors == []
