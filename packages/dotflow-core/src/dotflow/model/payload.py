"""A task and a workflow as plain dictionaries: for reports and for servers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dotflow.model.context import Context

if TYPE_CHECKING:
    from datetime import datetime

    from dotflow.model.task import TaskError, TaskInstance

_CONTEXTS = ("initial_context", "current_context", "previous_context")
_TOO_LARGE = {"message": "Context size exceeded"}


def workflow_payload(
    workflow_id: object, name: str | None, tasks: Iterable[TaskInstance]
) -> dict[str, Any]:
    """Return a workflow in the shape of dotflow 1.x."""
    identity = None if workflow_id is None else str(workflow_id)
    return {
        "workflow_id": identity,
        "workflow_name": name,
        "tasks": [task_payload(task) for task in tasks],
        "id": identity,
        "name": name,
    }


def task_payload(task: TaskInstance, max: int | None = None) -> dict[str, Any]:
    """Return a task in the shape of dotflow 1.x.

    Args:
        task: The task, which stays as it is.
        max: The largest size in characters of the dictionary's JSON; None for no bound.
    """
    errors = [_error_payload(error) for error in task.errors]
    payload: dict[str, Any] = {
        "task_id": task.task_id,
        "workflow_id": None if task.workflow_id is None else str(task.workflow_id),
        "status": task.status,
        "duration": task.duration,
        "initial_context": context_payload(task.initial_context),
        "current_context": context_payload(task.current_context),
        "previous_context": context_payload(task.previous_context),
        "group_name": task.group_name,
        "retry_count": task.retry_count,
        "created_at": _iso(task.created_at),
        "started_at": _iso(task.started_at),
        "finished_at": _iso(task.finished_at),
        "errors": errors,
        "id": task.task_id,
        "error": errors[-1] if errors else None,
        "name": task.name,
        "outcome": task.outcome,
        "attempts": task.attempt,
        "depends_on": None if task.depends_on is None else list(task.depends_on),
    }
    if max is not None:
        _shrink(payload, max)
    return payload


def context_payload(context: Context) -> str | dict[str, Any] | None:
    """Return a context's value as a JSON text; a list as one text an item."""
    value = context.storage
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        return _text(value)
    return {
        _item_key(index, item): (
            context_payload(item) if isinstance(item, Context) else _text(item)
        )
        for index, item in enumerate(value)
    }


def _item_key(index: int, item: object) -> str:
    if isinstance(item, Context):
        return item.task_id or f"ctx:{index}"
    return f"raw:{index}"


def _text(value: object) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        pass
    kind = type(value)
    name = f"<{kind.__module__}.{kind.__qualname__} object>"
    if (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__):
        return name  # the address that Python adds is another one in every process
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a report must not fail for a class' own text
        return name


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _error_payload(error: TaskError) -> dict[str, Any]:
    return {
        "attempt": error.attempt,
        "exception": error.exception,
        "traceback": error.traceback,
        "message": error.message,
    }


def _shrink(payload: dict[str, Any], limit: int) -> None:
    """Leave out the largest contexts, then the errors, then all contexts."""
    sizes = {name: len(json.dumps(payload[name])) for name in _CONTEXTS}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if len(json.dumps(payload)) <= limit:
            return
        if payload[name] is not None:
            payload[name] = dict(_TOO_LARGE)
    if len(json.dumps(payload)) > limit:
        payload["errors"], payload["error"] = [], None
    if len(json.dumps(payload)) > limit:
        payload.update(dict.fromkeys(_CONTEXTS))
