"""`Task` and `TaskError`: their arguments, properties and setters."""

from __future__ import annotations

import pickle
from datetime import datetime

import pytest

from dotflow import Config, Context, Task, action
from dotflow.errors import (
    ImportModuleError,
    InvalidTask,
    MissingActionDecorator,
    NotCallableObject,
)
from dotflow.model.task import TaskInstance
from dotflow.model.task_error import TaskError


@action
def step():
    return 1


def test_positional_arguments_of_1x():
    """The order of the arguments is that of 1.x."""
    config = Config()

    def callback(task):
        raise NotImplementedError

    task = Task("id-1", step, callback, "value", "nightly", config, "group")
    assert task.task_id == "id-1"
    assert task.step is step
    assert task.callback is callback
    assert task.initial_context.storage == "value"
    assert task.workflow_id == "nightly"
    assert task.config is config
    assert task.group_name == "group"
    assert isinstance(task, TaskInstance)


def test_a_new_task():
    """A task that has not run is `Not started`, without times, errors and results."""
    task = Task(step=step)
    assert task.status == "Not started"
    assert task.group_name == "default"
    assert (task.retry_count, task.errors, task.duration) == (0, [], None)
    assert (task.started_at, task.finished_at) == (None, None)
    assert isinstance(task.created_at, datetime)
    for name in ("initial_context", "previous_context", "current_context"):
        assert isinstance(getattr(task, name), Context)
        assert getattr(task, name).storage is None


def test_an_id_is_made_when_none_is_given():
    """A task without an id gets one, and keeps it."""
    task = Task(step=step)
    assert len(task.task_id) == 26
    assert task.task_id == task.task_id


def test_config_defaults_to_one_config():
    """Without a config a task has a default one, the same at each access."""
    task = Task(step=step)
    assert isinstance(task.config, Config)
    assert task.config is task.config


@pytest.mark.parametrize("undecorated", [len, lambda: 1, None, 3, action(retry=2)])
def test_a_step_must_be_an_action(undecorated):
    """What is not an `@action` is refused with `MissingActionDecorator`."""
    with pytest.raises(MissingActionDecorator, match="@action"):
        Task(step=undecorated)


def test_a_step_by_path_must_be_an_action():
    """A dotted path to a plain function is refused, by the path."""
    with pytest.raises(MissingActionDecorator, match=r"os\.path\.join"):
        Task(step="os.path.join")


def test_a_path_must_lead_somewhere():
    """A dotted path that leads nowhere is an `ImportModuleError` with the path."""
    with pytest.raises(ImportModuleError, match=r"os\.path\.joyn"):
        Task(step="os.path.joyn")


@pytest.mark.parametrize("callback", [None, 3, "os.sep"])
def test_a_callback_must_be_callable(callback):
    """What cannot be called is refused as a callback."""
    with pytest.raises(NotCallableObject, match="callable"):
        Task(step=step, callback=callback)


@pytest.mark.parametrize(
    "name", ["initial_context", "previous_context", "current_context"]
)
@pytest.mark.parametrize("value", [0, "", [], False, {"a": 1}])
def test_context_setters_wrap_values(name, value):
    """A value assigned to a context is wrapped, and is still that value."""
    task = Task(step=step)
    setattr(task, name, value)
    assert isinstance(getattr(task, name), Context)
    assert getattr(task, name).storage is value


@pytest.mark.parametrize(
    "name", ["initial_context", "previous_context", "current_context"]
)
def test_context_setters_keep_contexts(name):
    """A `Context` is assigned as it is, not wrapped in another."""
    context = Context(5)
    task = Task(step=step)
    setattr(task, name, context)
    assert getattr(task, name) is context


def test_errors_take_an_exception():
    """Assigning an exception appends it as a `TaskError`."""
    task = Task(step=step)
    task.errors = ValueError("first")
    task.errors = TaskError(KeyError("second"), attempt=2)
    assert [(e.exception, e.attempt) for e in task.errors] == [
        ("ValueError", None),
        ("KeyError", 2),
    ]


def test_errors_take_a_list():
    """Assigning a list replaces what was there."""
    task = Task(step=step)
    task.errors = ValueError("first")
    task.errors = []
    assert task.errors == []


def test_errors_refuse_anything_else():
    """Assigning neither an exception nor a list says what can be assigned."""
    with pytest.raises(InvalidTask, match="takes an exception"):
        Task(step=step).errors = "text"


def test_error_is_deprecated():
    """`task.error` warns, and is the last error or an empty one."""
    task = Task(step=step)
    with pytest.warns(DeprecationWarning, match="errors"):
        assert task.error.message == ""
    task.errors = [TaskError(ValueError("a")), TaskError(ValueError("b"))]
    with pytest.warns(DeprecationWarning, match="errors"):
        assert task.error.message == "b"


def test_task_error_of_an_exception():
    """A `TaskError` has the class' name, the message and the traceback as texts."""
    try:
        raise ValueError("no way")
    except ValueError as raised:
        error = TaskError(raised, attempt=3)
    assert (error.attempt, error.exception, error.message) == (
        3,
        "ValueError",
        "no way",
    )
    assert error.traceback.startswith("Traceback")
    assert 'raise ValueError("no way")' in error.traceback


def test_task_error_of_nothing():
    """A `TaskError` without an exception is empty."""
    error = TaskError()
    assert (error.attempt, error.exception, error.message) == (None, "", "")
    assert error.traceback == ""


def test_setters_tell_nobody(config, notify):
    """Building a task and assigning its properties calls no provider."""
    task = Task(step=step, config=config)
    task.current_context = 1
    task.status = "Completed"
    assert notify.heard == []
    assert config.storage.list_keys("") == []


def test_a_pickled_error_is_found_by_its_former_path() -> None:
    """A pickle of 2.0.0a2 names `TaskError` by the module of tasks."""
    assert pickle.loads(b"cdotflow.model.task\nTaskError\n.") is TaskError
