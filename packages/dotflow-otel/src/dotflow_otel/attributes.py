"""Attributes of spans, events and log records, by dotflow's and OpenTelemetry's names."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.model.outcome import Failure

    Attributes = dict[str, Any]

_PLAIN = (str, bool, int, float)


def workflow_attributes(workflow_id: Any, known: dict[str, Any]) -> Attributes:
    """Describe a run that begins.

    Args:
        workflow_id: The workflow's id.
        known: What the engine knows of it: `mode`, `tasks_count`.
    """
    import os

    attributes: Attributes = {
        "dotflow.workflow_id": str(workflow_id),
        "process.pid": os.getpid(),
    }
    for name, value in known.items():
        if isinstance(value, _PLAIN):
            attributes[f"dotflow.{name}"] = value
    return attributes


def task_attributes(task: Any) -> Attributes:
    """Describe a task that begins: ids, name, group, and the code of its step."""
    attributes: Attributes = {
        "dotflow.workflow_id": str(task.workflow_id),
        "dotflow.task_id": task.task_id,
        "dotflow.task.name": task.name,
        "dotflow.task.group": task.group_name,
    }
    function = getattr(getattr(task, "step", None), "func", None)
    name = getattr(function, "__qualname__", None)
    if name:
        attributes["code.function.name"] = f"{function.__module__}.{name}"
    code = getattr(function, "__code__", None)
    if code is not None:
        attributes["code.file.path"] = code.co_filename
        attributes["code.line.number"] = code.co_firstlineno
    return attributes


def end_attributes(task: Any) -> Attributes:
    """Describe how a task has ended."""
    attributes: Attributes = {
        "dotflow.task.status": task.status,
        "dotflow.task.retry_count": task.retry_count,
    }
    if task.duration is not None:
        attributes["dotflow.task.duration"] = task.duration
    outcome = getattr(task, "outcome", None)
    if outcome:
        attributes["dotflow.task.outcome"] = outcome
    return attributes


def failure_attributes(failure: Failure) -> Attributes:
    """Describe a failure as the semantic conventions describe an exception."""
    attributes: Attributes = {
        "exception.type": exception_type(failure),
        "exception.message": failure.message,
    }
    if failure.traceback:
        attributes["exception.stacktrace"] = failure.traceback
    return attributes


def exception_type(failure: Failure) -> str:
    """Return the exception's class, with its module where that is known."""
    kind = type(failure.error)
    # A worker tells the name alone, and a timeout has a public name of its own.
    if kind.__name__ != failure.exception or kind.__module__ == "builtins":
        return failure.exception
    return f"{kind.__module__}.{kind.__qualname__}"
