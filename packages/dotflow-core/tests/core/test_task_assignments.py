"""What a task is given after it was added."""

from __future__ import annotations

import pytest

from dotflow import DotFlow, action
from dotflow.errors import InvalidTask, MissingActionDecorator, NotCallableObject


def test_a_renamed_task_has_another_checkpoint():
    """What a storage knows a task by follows its name and its workflow's id."""
    workflow = DotFlow(workflow_id="w")
    workflow.task.add(action(lambda: 1), name="before")
    task = workflow.task[0]
    task.name = "after it"
    assert task.checkpoint_key == "w-after%20it"
    task.workflow_id = "v"
    assert task.checkpoint_key == "v-after%20it"


def test_what_is_assigned_to_a_task_is_checked():
    """A name is refused at once; a step and a callback before anything of a run runs."""
    workflow = DotFlow()
    workflow.task.add(action(lambda: 1), name="one")
    task = workflow.task[0]
    with pytest.raises(InvalidTask):
        task.name = 5
    task.step = lambda: 1
    with pytest.raises(MissingActionDecorator):
        workflow.start()
    task.step = action(lambda: 1)
    task.callback = None
    with pytest.raises(NotCallableObject):
        workflow.start()
