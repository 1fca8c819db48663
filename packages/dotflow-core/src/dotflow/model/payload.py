"""A task and a workflow as plain dictionaries: for reports and for servers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dotflow.base.guard import guarded, is_a, type_name
from dotflow.model.context import Context

if TYPE_CHECKING:
    from datetime import datetime

_CONTEXTS = ("initial_context", "current_context", "previous_context")
_TOO_LARGE = {"message": "Context size exceeded"}


def workflow_payload(
    workflow_id: object, name: str | None, tasks: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a workflow in the shape of dotflow 1.x."""
    identity = None if workflow_id is None else str(workflow_id)
    return {
        "workflow_id": identity,
        "workflow_name": name,
        "tasks": tasks,
        "id": identity,
        "name": name,
    }


def context_payload(context: Context) -> str | dict[str, Any] | None:
    """Return a context's value as a JSON text; a list as one text an item."""
    value: Any = context.storage
    if value is None:
        return None
    items = guarded(lambda: list(value), None) if is_a(value, (list, tuple)) else None
    if items is None:
        return shown(value)
    return dict(_item_payload(index, item) for index, item in enumerate(items))


def _item_payload(index: int, item: Any) -> tuple[str, str | dict[str, Any] | None]:
    if is_a(item, Context):
        return item.task_id or f"ctx:{index}", context_payload(item)
    return f"raw:{index}", shown(item)


def shown(value: object) -> str:
    """Return a value as JSON, else as its class shows it, else the name of that."""
    text = guarded(lambda: json.dumps(value), "")
    return text or described(value)


def described(value: object) -> str:
    """Return the text of a value as its class shows it, or the name of the class."""
    kind, name = type(value), f"<{type_name(value)} object>"

    def text() -> str:
        if (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__):
            return name  # the address that Python adds is another one in every process
        return str.__str__(str(value))

    return guarded(text, name)


def iso_time(time: datetime | None) -> str | None:
    """Return a moment as ISO 8601 has it."""
    return None if time is None else time.isoformat()


def shrink(payload: dict[str, Any], limit: int) -> dict[str, Any]:
    """Leave out the largest contexts, then the errors, then all contexts.

    Args:
        payload: What a task is as a dictionary; it is changed.
        limit: The largest size in characters of its JSON.
    """
    sizes = {name: len(json.dumps(payload[name])) for name in _CONTEXTS}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if len(json.dumps(payload)) <= limit:
            return payload
        if payload[name] is not None:
            payload[name] = dict(_TOO_LARGE)
    if len(json.dumps(payload)) > limit:
        payload["errors"], payload["error"] = [], None
    if len(json.dumps(payload)) > limit:
        payload.update(dict.fromkeys(_CONTEXTS))
    return payload
