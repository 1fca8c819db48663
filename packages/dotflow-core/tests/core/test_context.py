"""`Context`: a value with where and when it came from."""

from __future__ import annotations

import pickle
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from dotflow import Context
from dotflow.model.context import ContextInstance


def test_defaults():
    """An empty context holds None, an empty task id, no workflow id and the time."""
    before = datetime.now()
    context = Context()
    assert context.storage is None
    assert context.task_id == ""
    assert context.workflow_id is None
    assert before <= context.time <= datetime.now()
    assert isinstance(context, ContextInstance)


def test_positional_arguments_of_1x():
    """The order of the arguments is that of 1.x."""
    identity = uuid4()
    context = Context("value", "task", identity)
    assert context.storage == "value"
    assert context.task_id == "task"
    assert context.workflow_id == identity


@pytest.mark.parametrize("value", [0, "", [], {}, False, (), 0.0, b""])
def test_falsy_values_stay(value):
    """A falsy value is kept as it is."""
    assert Context(storage=value).storage is value


def test_a_context_is_copied():
    """A context as the value gives its value, time and ids to the new one."""
    inner = Context(5, "inner", uuid4())
    outer = Context(storage=inner, task_id="outer")
    assert outer.storage == 5
    assert outer.task_id == "inner"
    assert outer.workflow_id == inner.workflow_id
    assert outer.time == inner.time


def test_assigning_a_context_copies_it():
    """The same holds for the setter of `storage`."""
    context, inner = Context(1), Context(2, "inner")
    context.storage = inner
    assert (context.storage, context.task_id) == (2, "inner")


def test_task_id_may_be_none():
    """`task_id` takes a text or None."""
    assert Context(task_id=None).task_id is None


@pytest.mark.parametrize("task_id", [1, b"id", uuid4()])
def test_task_id_of_another_type_is_refused(task_id):
    """Any other type of `task_id` is a `TypeError` that names it."""
    with pytest.raises(TypeError, match=type(task_id).__name__):
        Context(task_id=task_id)


def test_workflow_id_as_the_text_of_a_uuid():
    """The text of a UUID becomes the UUID."""
    identity = uuid4()
    assert Context(workflow_id=str(identity)).workflow_id == identity
    assert isinstance(Context(workflow_id=identity.hex).workflow_id, UUID)


def test_workflow_id_as_a_name():
    """A name such as the guide's `my-pipeline-v1` is a workflow id, too."""
    assert Context(workflow_id="my-pipeline-v1").workflow_id == "my-pipeline-v1"


@pytest.mark.parametrize(
    "workflow_id", ["", " ", "../x", "a/b", "a b", "x" * 201, "-a"]
)
def test_malformed_workflow_id_is_refused(workflow_id):
    """A malformed id is a `ValueError` that tells what an id may be."""
    with pytest.raises(ValueError, match="Use a UUID, or 1 to 200 letters"):
        Context(workflow_id=workflow_id)


@pytest.mark.parametrize("workflow_id", [1, b"id", ["id"]])
def test_workflow_id_of_another_type_is_refused(workflow_id):
    """Any other type of `workflow_id` is a `TypeError` that names it."""
    with pytest.raises(TypeError, match=type(workflow_id).__name__):
        Context(workflow_id=workflow_id)


def test_setters_check_as_the_constructor_does():
    """Assigning a bad id later is refused as well, and changes nothing."""
    context = Context(1, "task")
    with pytest.raises(TypeError):
        context.task_id = 5
    with pytest.raises(ValueError, match="malformed"):
        context.workflow_id = "a/b"
    assert (context.task_id, context.workflow_id) == ("task", None)


def test_time_can_be_set():
    """`time` takes another time."""
    context = Context()
    context.time = datetime(2013, 1, 31)
    assert context.time == datetime(2013, 1, 31)


def test_a_context_can_be_pickled():
    """A context keeps everything through pickle, as process modes need it."""
    context = Context({"a": 1}, "task", uuid4())
    copy = pickle.loads(pickle.dumps(context))
    assert copy.storage == {"a": 1}
    assert (copy.task_id, copy.workflow_id) == (context.task_id, context.workflow_id)
    assert copy.time == context.time


def test_repr_does_not_show_the_value():
    """A value may be secret, so `repr` shows its type alone."""
    assert "hunter2" not in repr(Context("hunter2"))
    assert "str" in repr(Context("hunter2"))
