"""What runs after a failure, in a chain and in groups."""

from __future__ import annotations

import pytest
from plain_steps import fail, one

from dotflow import DotFlow, action

pytestmark = pytest.mark.start_methods


@action
def previous(previous_context):
    return ("saw", previous_context.storage)


def statuses(workflow):
    return [task.status for task in workflow.result_task()]


def test_a_chain_stops_at_the_first_failure():
    """Without `keep_going` the tasks after a failed one are `Not started`."""
    workflow = DotFlow()
    workflow.task.add([one, fail, one, one])
    run = workflow.start()
    assert statuses(workflow) == ["Completed", "Failed", "Not started", "Not started"]
    assert run.status == "Failed"


def test_a_chain_goes_on():
    """With `keep_going` every task runs, and the one after the failure sees None."""
    workflow = DotFlow()
    workflow.task.add([one, fail, previous, previous])
    workflow.start(keep_going=True)
    assert statuses(workflow) == ["Completed", "Failed", "Completed", "Completed"]
    assert workflow.result_storage()[2:] == [("saw", None), ("saw", ("saw", None))]


def test_a_chain_goes_on_in_the_background():
    """`keep_going` holds for a background run."""
    workflow = DotFlow()
    workflow.task.add([fail, one])
    workflow.start(mode="background", keep_going=True).wait()
    assert statuses(workflow) == ["Failed", "Completed"]


@pytest.mark.parametrize("keep_going", [False, True])
def test_tasks_in_parallel_are_independent(keep_going):
    """In `parallel` a failure stops no other task."""
    workflow = DotFlow()
    workflow.task.add([fail, one, previous])
    workflow.start(mode="parallel", keep_going=keep_going)
    assert statuses(workflow) == ["Failed", "Completed", "Completed"]
    assert workflow.result_storage() == [None, 1, ("saw", None)]


def groups():
    workflow = DotFlow()
    workflow.task.add([fail, one], group_name="left")
    workflow.task.add([one, previous], group_name="right")
    return workflow


@pytest.mark.parametrize("mode", ["sequential", "sequential_group"])
def test_groups_are_independent(mode):
    """A failure stops its own group; two groups make `sequential` run as groups."""
    workflow = groups()
    run = workflow.start(mode=mode)
    assert statuses(workflow) == ["Failed", "Not started", "Completed", "Completed"]
    assert workflow.result_storage()[2:] == [1, ("saw", 1)]
    assert run.status == "Failed"


def test_groups_go_on():
    """With `keep_going` a group runs on after its own failure, too."""
    workflow = groups()
    workflow.start(keep_going=True)
    assert statuses(workflow) == ["Failed", "Completed", "Completed", "Completed"]
