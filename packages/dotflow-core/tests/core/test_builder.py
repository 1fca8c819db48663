"""`TaskBuilder`: what `workflow.task` does."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from dotflow import Config, DotFlow, action
from dotflow.workflow.builder import TaskBuilder


@action
def first(initial_context):
    return initial_context.storage


@action
def second():
    return "second"


@pytest.fixture
def steps_module(monkeypatch):
    """A module `user_steps` with steps and a callback, to be reached by dotted path."""
    module = ModuleType("user_steps")
    module.first, module.second = first, second
    module.heard = []
    module.callback = lambda task: module.heard.append(task.status)
    monkeypatch.setitem(sys.modules, "user_steps", module)
    return module


def test_add_returns_the_builder():
    """`add` can be chained."""
    builder = TaskBuilder()
    assert builder.add(first).add(second) is builder
    assert [task.step for task in builder.queue] == [first, second]


def test_add_without_arguments_of_its_own():
    """A builder works by itself, without a workflow."""
    builder = TaskBuilder(Config(), "nightly", "Nightly")
    builder.add(step=second)
    assert builder.queue[0].workflow_id == "nightly"
    assert builder.result()["workflow_name"] == "Nightly"


def test_add_takes_nested_lists():
    """A list of steps, nested at will, adds one task each with the same arguments."""
    workflow = DotFlow()
    workflow.task.add(
        [first, [first, (first,)]], initial_context=7, group_name="numbers"
    )
    assert workflow.task.count() == 3
    assert {task.group_name for task in workflow.task.queue} == {"numbers"}
    workflow.start()
    assert workflow.result_storage() == [7, 7, 7]


@pytest.mark.parametrize("path", ["user_steps.second", "user_steps:second"])
def test_add_takes_a_dotted_path(steps_module, path):
    """A step may be named by `module.attribute` or `module:attribute`."""
    workflow = DotFlow()
    workflow.task.add(step=path)
    workflow.start()
    assert workflow.result_storage() == ["second"]


def test_add_takes_a_dotted_path_in_a_list(steps_module):
    """Paths and actions may be mixed in one list."""
    workflow = DotFlow()
    workflow.task.add([second, "user_steps.second"])
    assert [task.step for task in workflow.task.queue] == [second, second]


def test_add_takes_a_callback_by_dotted_path(steps_module):
    """A callback may be named by its dotted path, like a step."""
    workflow = DotFlow()
    workflow.task.add(second, callback="user_steps.callback")
    workflow.start()
    assert steps_module.heard == ["Completed"]


def test_task_ids_are_ulids_and_unique():
    """Each task gets a ULID of its own: 26 characters, sortable by time."""
    workflow = DotFlow()
    workflow.task.add([second] * 50)
    ids = [task.task_id for task in workflow.task.queue]
    assert len(set(ids)) == 50
    assert all(len(i) == 26 and i.isalnum() and i.upper() == i for i in ids)


def test_task_ids_are_stable_under_a_fixed_workflow_id():
    """With a workflow id that was given, a task has the same id in every process."""

    def ids(workflow_id):
        workflow = DotFlow(workflow_id=workflow_id)
        workflow.task.add([second, second, first])
        return [task.task_id for task in workflow.task.queue]

    assert ids("nightly") == ids("nightly")
    assert len({*ids("nightly"), *ids("weekly")}) == 6


def test_names_come_from_the_steps():
    """A task is named after its step, a repeat gets `#2`, a given name wins."""
    workflow = DotFlow()
    workflow.task.add([second, second, first]).add(second, name="third")
    workflow.task.add(second)
    names = [task.name for task in workflow.task.queue]
    assert names == ["second", "second#2", "first", "third", "second#3"]


def test_a_name_that_looks_like_a_repeat_is_not_taken_twice():
    """A given `second#2` and the automatic one do not clash."""
    workflow = DotFlow()
    workflow.task.add(second, name="second#2").add([second, second])
    names = [task.name for task in workflow.task.queue]
    assert names == ["second#2", "second", "second#3"]


def test_count_and_clear():
    """`count` counts, `clear` forgets the tasks and their names."""
    workflow = DotFlow()
    workflow.task.add([second, second])
    assert workflow.task.count() == 2
    workflow.task.clear()
    assert workflow.task.count() == 0
    workflow.task.add(second)
    assert [task.name for task in workflow.task.queue] == ["second"]


def test_tasks_added_after_a_clear_run():
    """A workflow can be cleared and filled again after a start."""
    workflow = DotFlow()
    workflow.task.add(second)
    workflow.start()
    workflow.task.clear()
    workflow.task.add(first, initial_context="new")
    workflow.start()
    assert workflow.result_storage() == ["new"]


def test_reverse():
    """`reverse` turns the order of execution round."""
    order = []
    workflow = DotFlow()
    for name in "abc":
        workflow.task.add(action(lambda name=name: order.append(name)), name=name)
    workflow.task.reverse()
    workflow.start()
    assert order == ["c", "b", "a"]
