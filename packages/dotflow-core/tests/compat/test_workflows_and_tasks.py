"""DotFlow, TaskBuilder, Task and Context as users of dotflow 1.x know them."""

from __future__ import annotations

import json
import re
import socket
from uuid import UUID, uuid4

import pytest

from dotflow import Config, Context, DotFlow, Task, action
from dotflow.core.exception import (
    ImportModuleError,
    MissingActionDecorator,
    NotCallableObject,
)
from dotflow.core.module import Module
from dotflow.core.task import TaskBuilder, TaskError
from dotflow.core.workflow import Manager
from dotflow.providers import LogDefault
from dotflow.types import TypeStatus

ID = "7e57ab1e-0000-4000-8000-000000000001"
ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@action
def one():
    return 1


@action
def given(initial_context):
    return initial_context.storage


@action
def broken():
    raise ValueError("no")


def plain():
    return 1


def quiet():
    return Config(log=LogDefault(level="ERROR"))


def flow_of(*steps, **options):
    flow = DotFlow(quiet(), **options)
    flow.task.add(list(steps))
    return flow


# DotFlow


def test_an_id_is_made():
    """Without an id a workflow has a UUID of its own."""
    first, second = DotFlow().workflow_id, DotFlow().workflow_id
    assert isinstance(first, UUID)
    assert first != second


def test_an_id_is_taken_from_the_environment(monkeypatch):
    """`WORKFLOW_ID` names the workflow; an argument goes before it."""
    monkeypatch.setenv("WORKFLOW_ID", ID)
    assert str(DotFlow().workflow_id) == ID
    assert DotFlow(workflow_id="mine").workflow_id == "mine"


@pytest.mark.parametrize("value", [ID, UUID(ID), "nightly-v1"])
def test_an_id_that_is_given_is_kept(value):
    """A UUID, its text or a name."""
    assert DotFlow(workflow_id=value).workflow_id == value


def test_the_name_is_the_hosts_by_default():
    """`name` is the host's, or the one that is given."""
    assert DotFlow().name == socket.gethostname()
    assert DotFlow(name="shop").name == "shop"


@pytest.mark.parametrize("name", ["workflow_id", "name", "task", "start", "schedule"])
def test_a_workflow_has_the_attributes_of_1x(name):
    """What scripts read of a workflow is there."""
    assert getattr(DotFlow(), name) is not None


def test_start_returns_a_manager():
    """`start()` gives the run, with its tasks and its id."""
    flow = flow_of(one, workflow_id=ID)
    run = flow.start()
    assert isinstance(run, Manager)
    assert run.tasks == flow.task.queue
    assert str(run.workflow_id) == ID


def test_start_runs_each_time_it_is_called():
    """A second `start()` is a second run."""
    calls = []

    @action
    def count():
        calls.append(1)

    flow = flow_of(count)
    flow.start()
    flow.start()
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("method", "before", "after"),
    [
        ("result_storage", [None], [1]),
        ("result_task", ["Not started"], ["Completed"]),
        ("result_context", [None], [1]),
    ],
)
def test_results_are_there_before_and_after(method, before, after):
    """`result_storage`, `result_task` and `result_context` have an entry for each task."""
    read = {
        "result_storage": lambda value: value,
        "result_task": lambda task: task.status,
        "result_context": lambda context: context.storage,
    }[method]
    flow = flow_of(one)
    assert list(map(read, getattr(flow, method)())) == before
    flow.start()
    assert list(map(read, getattr(flow, method)())) == after


@pytest.mark.parametrize("key", ["workflow_id", "workflow_name", "tasks", "id", "name"])
def test_a_result_has_the_keys_of_1x(key):
    """`result()` is a dictionary with these."""
    assert key in flow_of(one).result()


@pytest.mark.parametrize(
    "key",
    [
        *("task_id", "workflow_id", "status", "duration", "initial_context"),
        *("current_context", "previous_context", "group_name", "retry_count"),
        *("created_at", "started_at", "finished_at", "errors", "id", "error"),
    ],
)
def test_a_task_in_a_result_has_the_keys_of_1x(key):
    """So is each task in it."""
    flow = flow_of(one)
    flow.start()
    assert key in flow.result()["tasks"][0]


def test_a_result_is_json():
    """The whole of it can be written as it is."""
    flow = flow_of(given, broken)
    flow.start()
    told = json.loads(json.dumps(flow.result()))
    assert told["id"] == told["workflow_id"]
    assert told["tasks"][0]["id"] == told["tasks"][0]["task_id"]


@pytest.mark.parametrize("key", ["attempt", "exception", "traceback", "message"])
def test_an_error_in_a_result_has_the_keys_of_1x(key):
    """`errors` are dictionaries, and `error` is the last of them."""
    flow = flow_of(broken)
    flow.start()
    (task,) = flow.result()["tasks"]
    assert key in task["errors"][0]
    assert task["error"] == task["errors"][-1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (1, "1"),
        ("text", '"text"'),
        ({"a": 1}, '{"a": 1}'),
        (True, "true"),
        ([], {}),
        ([1, "a"], {"raw:0": "1", "raw:1": '"a"'}),
        ((1, 2), {"raw:0": "1", "raw:1": "2"}),
    ],
)
def test_contexts_in_a_result_are_texts_of_json(value, expected):
    """A value is its JSON as a text, a list has an entry for each item."""
    flow = DotFlow(quiet())
    flow.task.add(given, initial_context=value)
    flow.start()
    assert flow.result()["tasks"][0]["current_context"] == expected


# TaskBuilder


def test_add_can_be_chained():
    """`add` returns the builder."""
    flow = DotFlow()
    assert flow.task.add(one).add(one) is flow.task
    assert flow.task.count() == 2


@pytest.mark.parametrize(
    "steps", [[one, given], [[one], [given]], [[one, [given]]], (one, given)]
)
def test_lists_of_steps_are_added_one_by_one(steps):
    """Nested lists too, with the same context and group."""
    flow = DotFlow(quiet())
    flow.task.add(steps, initial_context=5, group_name="g")
    assert [task.group_name for task in flow.task.queue] == ["g", "g"]
    assert [task.initial_context.storage for task in flow.task.queue] == [5, 5]


@pytest.mark.parametrize("separator", [".", ":"])
def test_steps_and_callbacks_come_by_their_path(separator, monkeypatch, tmp_path):
    """`"module.step"` and `"module:step"` are imported."""
    (tmp_path / "paths_of_1x.py").write_text(
        "from dotflow import action\nseen = []\n@action\ndef step():\n    return 1\n"
        "def told(task):\n    seen.append(task.status)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    flow = DotFlow(quiet())
    flow.task.add(f"paths_of_1x{separator}step", callback=f"paths_of_1x{separator}told")
    flow.start()
    assert Module("paths_of_1x.seen").pop() == "Completed"
    assert flow.result_storage() == [1]


@pytest.mark.parametrize("path", ["nowhere.step", "json.nothing", "json"])
def test_a_path_that_leads_nowhere_is_refused(path):
    """When it is added, with the path."""
    with pytest.raises(ImportModuleError, match=path):
        DotFlow().task.add(path)


@pytest.mark.parametrize("step", [plain, 5, print])
def test_what_is_no_action_is_refused(step):
    """A step needs its decorator."""
    with pytest.raises(MissingActionDecorator, match="@action"):
        DotFlow().task.add(step)


@pytest.mark.parametrize("callback", [5, [], {}])
def test_a_callback_that_cannot_be_called_is_refused(callback):
    """When the task is added."""
    with pytest.raises(NotCallableObject):
        DotFlow().task.add(one, callback=callback)


def test_each_task_has_an_id_of_its_own():
    """A ULID, another for the same step."""
    flow = DotFlow()
    flow.task.add([one, one])
    first, second = (task.task_id for task in flow.task.queue)
    assert first != second
    assert ULID.fullmatch(first)


def test_the_queue_is_cleared_and_reversed():
    """`clear`, `reverse`, `count`."""
    flow = DotFlow(quiet())
    flow.task.add(one).add(given, initial_context=2)
    flow.task.reverse()
    flow.start()
    assert flow.result_storage() == [2, 1]
    flow.task.clear()
    assert (flow.task.count(), flow.task.queue) == (0, [])


def test_the_builder_has_a_schema():
    """`schema()` is a model, `result()` its dictionary."""
    pytest.importorskip("dotflow_schema")
    flow = flow_of(one, workflow_id=ID)
    assert str(flow.task.schema().workflow_id) == ID
    assert flow.task.result()["tasks"][0]["status"] == "Not started"


def test_a_builder_by_itself():
    """`TaskBuilder(config, workflow_id)` collects tasks without a workflow."""
    builder = TaskBuilder(config=Config(), workflow_id=ID)
    builder.add(one)
    assert str(builder.queue[0].workflow_id) == ID


def test_groups_have_a_default():
    """A task without a group is in `default`."""
    assert flow_of(one).task.queue[0].group_name == "default"


# Task


def task_of(step=one, **options):
    return Task(task_id="a", step=step, config=quiet(), **options)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("task_id", "a"),
        ("status", "Not started"),
        ("errors", []),
        ("duration", None),
        ("retry_count", 0),
        ("group_name", "default"),
        ("started_at", None),
        ("finished_at", None),
    ],
)
def test_a_new_task_has_the_state_of_1x(name, expected):
    """What a task has before it runs."""
    assert getattr(task_of(), name) == expected


@pytest.mark.parametrize(
    "name", ["initial_context", "previous_context", "current_context"]
)
def test_contexts_of_a_task_are_contexts(name):
    """They are empty until something is there, and what is assigned is wrapped."""
    task = task_of()
    assert isinstance(getattr(task, name), Context)
    setattr(task, name, 5)
    assert getattr(task, name).storage == 5


def test_a_task_without_a_decorated_step_is_refused():
    """As with `add`."""
    with pytest.raises(MissingActionDecorator):
        task_of(step=plain)


@pytest.mark.parametrize(
    "value", [ValueError("x"), TaskError(ValueError("x")), [TaskError(ValueError("x"))]]
)
def test_errors_are_assigned_as_1x_took_them(value):
    """An exception or a TaskError is appended, a list replaces."""
    task = task_of()
    task.errors = value
    assert [error.exception for error in task.errors] == ["ValueError"]


def test_the_last_error_has_a_deprecated_name():
    """`task.error` warns, and is the last one or an empty one."""
    task = task_of()
    with pytest.warns(DeprecationWarning, match="errors"):
        assert task.error.exception == ""
    task.errors = ValueError("x")
    with pytest.warns(DeprecationWarning, match="errors"):
        assert task.error.message == "x"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("exception", "ValueError"), ("message", "x"), ("attempt", 2)],
)
def test_an_error_tells_what_was_raised(name, expected):
    """`TaskError` has the class's name, the text and the attempt."""
    assert getattr(TaskError(ValueError("x"), attempt=2), name) == expected


def test_a_task_has_its_dictionary():
    """`result()` of a task is the one in the workflow's."""
    task = task_of()
    assert task.result()["task_id"] == "a"
    assert task.result()["status"] == "Not started"


@pytest.mark.parametrize("limit", [0, 10, 400])
def test_a_dictionary_of_a_task_can_be_shortened(limit):
    """With `max` the largest contexts are left out, and the task is as it was."""
    task = task_of(given, initial_context="x" * 1000)
    told = task.result(max=limit)
    assert "x" * 1000 not in json.dumps(told)
    assert task.initial_context.storage == "x" * 1000


# Context


@pytest.mark.parametrize("value", [0, "", [], {}, False, None, (1, 2), {1}, b"x"])
def test_a_context_holds_any_value(value):
    """Also those that are false."""
    assert Context(storage=value).storage == value


@pytest.mark.parametrize("value", [0, "", [], {}, False])
def test_a_context_of_a_false_value_is_true(value):
    """A context has no truth of its own."""
    assert Context(storage=value)


def test_a_context_knows_its_time():
    """`time` is when it was made."""
    assert Context().time is not None


@pytest.mark.parametrize("value", [UUID(ID), ID, None])
def test_a_context_takes_the_id_of_a_workflow(value):
    """A UUID, its text or None."""
    found = Context(workflow_id=value).workflow_id
    assert (found if value is None else str(found)) == (None if value is None else ID)


@pytest.mark.parametrize("value", [5, 1.5, [], b"a"])
def test_a_context_refuses_an_id_of_another_type(value):
    """`task_id` is a text or None, `workflow_id` a UUID or a text."""
    with pytest.raises(TypeError):
        Context(task_id=value)
    with pytest.raises((TypeError, ValueError)):
        Context(workflow_id=value)


def test_a_context_in_a_context_is_taken_apart():
    """Assigning a context copies its value, its time and its ids."""
    inner = Context(storage=5, task_id="a", workflow_id=ID)
    outer = Context(storage=inner)
    assert (outer.storage, outer.task_id, str(outer.workflow_id)) == (5, "a", ID)


def test_ids_of_workflows_are_random_and_of_this_kind():
    """What a script makes with uuid4 is taken."""
    given_id = uuid4()
    assert DotFlow(workflow_id=given_id).workflow_id == given_id


@pytest.mark.parametrize(
    ("status", "symbol"),
    [
        (TypeStatus.NOT_STARTED, "⚪"),
        (TypeStatus.IN_PROGRESS, "🔵"),
        (TypeStatus.COMPLETED, "✅"),
        (TypeStatus.PAUSED, "◼️"),
        (TypeStatus.RETRY, "❗"),
        (TypeStatus.FAILED, "❌"),
    ],
)
def test_each_status_has_its_symbol(status, symbol):
    """`get_symbol` is what notifications show."""
    assert TypeStatus.get_symbol(status) == symbol
