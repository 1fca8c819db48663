from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dotflow_schema import (
    SerializerTask,
    SerializerTaskError,
    SerializerTransport,
    SerializerWorkflow,
)

WORKFLOW_ID = "8f1f2f0e-1a5c-4d7e-9f0b-2d6f7c1b9a10"
ERROR = {
    "attempt": 1,
    "exception": "ValueError",
    "traceback": "Traceback …",
    "message": "no",
}
TASK: dict[str, Any] = {
    "task_id": "01JD8Z4V8M2W5Q3T7R9Y6X1K0A",
    "workflow_id": WORKFLOW_ID,
    "status": "Failed",
    "duration": 0.25,
    "initial_context": '{"day": 1}',
    "current_context": None,
    "previous_context": {"raw:0": "1", "raw:1": "2"},
    "group_name": "default",
    "retry_count": 1,
    "created_at": "2013-01-01T05:15:00.000001",
    "started_at": "2013-01-01T05:15:01.000001",
    "finished_at": "2013-01-01T05:15:01.250001",
    "errors": [ERROR, {**ERROR, "attempt": None, "message": "still no"}],
    "id": "01JD8Z4V8M2W5Q3T7R9Y6X1K0A",
    "error": {**ERROR, "attempt": None, "message": "still no"},
    "name": "load",
    "depends_on": ["extract", "transform"],
    "attempts": 2,
    "outcome": "Failed",
}
WORKFLOW: dict[str, Any] = {
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "nightly",
    "tasks": [TASK],
    "id": WORKFLOW_ID,
    "name": "nightly",
}


def test_task_round_trip() -> None:
    """A task's report is the same after a trip through the model."""
    assert SerializerTask(**TASK).model_dump(mode="json") == TASK


def test_workflow_round_trip() -> None:
    """A workflow's report is the same after a trip through JSON text."""
    workflow = SerializerWorkflow.model_validate_json(json.dumps(WORKFLOW))
    assert json.loads(workflow.model_dump_json()) == WORKFLOW


def test_task_values_are_typed() -> None:
    """Identifiers, times and errors arrive as Python values, not as text."""
    task = SerializerTask(**TASK)
    assert task.workflow_id == UUID(WORKFLOW_ID)
    assert task.created_at == datetime(2013, 1, 1, 5, 15, 0, 1)
    assert isinstance(task.errors[0], SerializerTaskError)


def test_workflow_id_may_be_a_name() -> None:
    """A workflow that the user named keeps that name as its identifier."""
    workflow = SerializerWorkflow(workflow_id="nightly-etl")
    assert (workflow.workflow_id, workflow.id) == ("nightly-etl", "nightly-etl")


def test_task_aliases_are_filled_in() -> None:
    """`id` and `error` are there even when the report leaves them out."""
    report = {k: v for k, v in TASK.items() if k not in {"id", "error"}}
    task = SerializerTask(**report)
    assert task.id == task.task_id
    assert task.error == task.errors[-1]


def test_workflow_aliases_are_filled_in() -> None:
    """`id` and `name` are there even when the report leaves them out."""
    workflow = SerializerWorkflow(workflow_id=UUID(WORKFLOW_ID), workflow_name="etl")
    assert (workflow.id, workflow.name) == (UUID(WORKFLOW_ID), "etl")


def test_task_without_errors() -> None:
    """A task that never failed has no error."""
    assert SerializerTask(task_id="1").error is None


def test_task_before_start() -> None:
    """A task that has not started is described by its identifier alone."""
    task = SerializerTask(task_id="1")
    assert (task.started_at, task.current_context, task.retry_count) == (None, None, 0)


@given(
    st.dictionaries(
        st.text("abcdefgh", min_size=1).map("new_{}".format),
        st.none() | st.booleans() | st.integers() | st.text(),
    )
)
def test_unknown_fields_are_kept(extra: dict[str, Any]) -> None:
    """What a newer core adds to a report survives a trip through the model."""
    assert SerializerTask(**TASK, **extra).model_dump(mode="json") == TASK | extra


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("task_id", None),
        ("workflow_id", 7),
        ("created_at", "yesterday"),
        ("current_context", 1),
        ("errors", "boom"),
    ],
)
def test_wrong_values_are_named(field: str, value: object) -> None:
    """A value of the wrong type is refused with the name of its field."""
    with pytest.raises(ValidationError, match=field):
        SerializerTask.model_validate({**TASK, field: value})


@pytest.mark.parametrize(
    ("resource", "content", "model"),
    [("task", TASK, SerializerTask), ("workflow", WORKFLOW, SerializerWorkflow)],
)
def test_transport_content(
    resource: str, content: dict[str, Any], model: type[object]
) -> None:
    """An envelope's content is read as what its label says."""
    envelope = {"resource": resource, "content": content}
    transport = SerializerTransport.model_validate(envelope)
    assert type(transport.content) is model
    assert transport.model_dump(mode="json") == envelope


@pytest.mark.parametrize(
    ("resource", "content"), [("workflow", TASK), ("task", WORKFLOW)]
)
def test_transport_mislabelled(resource: str, content: dict[str, Any]) -> None:
    """An envelope whose label and content disagree is refused."""
    with pytest.raises(ValidationError, match="resource is"):
        SerializerTransport.model_validate({"resource": resource, "content": content})


def test_transport_unknown_resource() -> None:
    """An envelope can hold a task or a workflow and nothing else."""
    with pytest.raises(ValidationError, match="resource"):
        SerializerTransport.model_validate({"resource": "run", "content": TASK})
