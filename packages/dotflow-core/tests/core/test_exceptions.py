"""The exceptions: one root, the names and arguments of 1.x, messages that help."""

from __future__ import annotations

import pickle

import pytest

from dotflow import DotflowError
from dotflow import errors as exception

ARGUMENTS = {
    "MissingActionDecorator": (),
    "ExecutionModeNotExist": (),
    "ImportModuleError": ("pkg.mod.attr",),
    "NotCallableObject": ("storage",),
    "ProblemOrdering": ("Pipeline",),
    "ModuleNotFound": ("boto3", "dotflow[aws]"),
    "InvalidWorkflowFactory": ("pkg:factory",),
    "WorkflowFlagConflict": ("--callback",),
    "ExecutionWithClassError": (),
    "InputChangedError": ("nightly",),
    "InvalidOnInputChange": ("sometimes",),
}

CLASSES = [
    found
    for found in vars(exception).values()
    if isinstance(found, type) and issubclass(found, Exception)
]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_of_1x(name):
    """Every exception of 1.x is made with the arguments of 1.x and names them."""
    error = getattr(exception, name)(*ARGUMENTS[name])
    assert str(error)
    assert all(argument in str(error) for argument in ARGUMENTS[name])


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_one_root(cls):
    """Every exception of dotflow is a `DotflowError`."""
    assert issubclass(cls, DotflowError)


def test_all_exceptions_live_in_one_module():
    """No module of the core defines an exception outside the one root."""
    assert {cls.__module__ for cls in CLASSES} == {"dotflow.errors"}
    assert {"DotflowError", *ARGUMENTS} <= {cls.__name__ for cls in CLASSES}


@pytest.mark.parametrize(
    "error",
    [
        exception.GraphError(["one", "two"]),
        exception.EncodeError("pkg.Type", "Use pickle."),
        exception.StorageError("no space"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_of_a_task_can_be_pickled(error):
    """What is raised inside a worker comes out of it with its message."""
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("cls", "base"),
    [
        ("ImportModuleError", ImportError),
        ("ModuleNotFound", ImportError),
        ("NotCallableObject", TypeError),
        ("MissingActionDecorator", TypeError),
        ("ExecutionModeNotExist", ValueError),
        ("InvalidOnInputChange", ValueError),
        ("InvalidWorkflowId", ValueError),
    ],
)
def test_errors_are_of_the_kind_python_has(cls, base):
    """Who does not know dotflow's classes can catch Python's."""
    assert issubclass(getattr(exception, cls), base)


def test_messages_are_exported():
    """The `MESSAGE_…` texts of 1.x can be imported."""
    messages = {n: v for n, v in vars(exception).items() if n.startswith("MESSAGE_")}
    assert len(messages) >= 10
    assert all(isinstance(text, str) and text for text in messages.values())


@pytest.mark.parametrize(
    "error",
    [
        exception.ProviderNotInstalled("StorageS3", "dotflow-aws", "aws"),
        exception.NotCallableObject("log", "a Log"),
        exception.GraphError(["one", "two"]),
        exception.EncodeError("socket.socket", "Return something else."),
        exception.InvalidWorkflowId("a b"),
        exception.ResumeNeedsWorkflowId(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_can_be_pickled(error):
    """An error says the same after it has travelled between processes."""
    revived = pickle.loads(pickle.dumps(error))

    assert type(revived) is type(error)
    assert str(revived) == str(error)
    assert revived.__dict__ == error.__dict__
