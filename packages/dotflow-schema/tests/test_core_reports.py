from __future__ import annotations

import pytest

from dotflow import DotFlow, action
from dotflow_schema import SerializerTask, SerializerWorkflow


@action
def extract() -> list[int]:
    return [1, 2]


@action(retry=2, retry_delay=0)
def load() -> None:
    raise ValueError("no")


@pytest.fixture
def flow() -> DotFlow:
    """Give a workflow that has run: one task completed, one failed, one not run."""
    workflow = DotFlow(name="nightly")
    workflow.task.add([extract, load, extract], initial_context={"day": 1})
    workflow.start()
    return workflow


def test_report_of_a_run(flow: DotFlow) -> None:
    """What a real run reports goes through the models unchanged."""
    report = flow.result()
    assert SerializerWorkflow(**report).model_dump(mode="json") == report


def test_schema_of_a_run(flow: DotFlow) -> None:
    """`schema()` of a workflow and of a task are these models, filled in."""
    workflow = flow.task.schema()
    task = flow.result_task()[1].schema()
    assert isinstance(workflow, SerializerWorkflow)
    assert isinstance(task, SerializerTask)
    assert (workflow.name, workflow.id) == ("nightly", flow.workflow_id)
    assert (task.status, task.retry_count, len(task.errors)) == ("Failed", 1, 2)
    assert task.error is not None
    assert task.error.message == "no"
    assert task == workflow.tasks[1]
