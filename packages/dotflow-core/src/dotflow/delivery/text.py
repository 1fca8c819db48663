"""What a message to people says of a task, cut to size before it is dressed up."""

from __future__ import annotations

import json

from dotflow.model.context import Context
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ELLIPSIS = "…"
# Control characters but for the tab and the end of a line: no service shows them.
_CONTROL = dict.fromkeys(range(32), "�")
del _CONTROL[9], _CONTROL[10]
_CONTROL[13] = ""


def status_line(task: Any) -> str:
    """Return the symbol and the name of a task's status, e.g. `"✅ Completed"`.

    Args:
        task: The `Task`.
    """
    return f"{TypeStatus.get_symbol(task.status)} {task.status}".strip()


def error_text(task: Any, limit: int) -> str:
    """Return the last error of a task that failed or is tried again, else `""`.

    Args:
        task: The `Task`.
        limit: The most characters, counted as `shorten` does.
    """
    if task.status not in (TypeStatus.FAILED, TypeStatus.RETRY) or not task.errors:
        return ""
    error = task.errors[-1]
    return shorten(f"{error.exception}: {error.message}".rstrip(" :"), limit)


def result_text(task: Any, limit: int) -> str:
    """Return what a task has left as JSON, `""` if that is nothing.

    However large a value is, no more of it is encoded than is shown.

    Args:
        task: The `Task`.
        limit: The most characters, counted as `shorten` does.
    """
    value = task.current_context.storage
    if value is None:
        return ""
    encoder = json.JSONEncoder(ensure_ascii=False, default=_plain)
    text, pieces = "", encoder.iterencode(value)
    try:
        while len(text) <= limit:
            text += next(pieces)
    except StopIteration:
        pass
    except (TypeError, ValueError, RecursionError):
        text = json.dumps(_describe(value))
    return shorten(text, limit)


def shorten(text: str, limit: int) -> str:
    """Return a text that every service can take, cut to a size.

    Args:
        text: Any text.
        limit: The most UTF-16 units, by which messengers count: an emoji is two.
    """
    # Half a surrogate pair has no UTF-8 form.
    text = text[: limit + 1].encode("utf-8", "replace").decode().translate(_CONTROL)
    units = text.encode("utf-16-le")
    if len(units) <= 2 * limit:
        return text
    kept = units[: 2 * (limit - len(_ELLIPSIS))]
    return kept.decode("utf-16-le", "ignore") + _ELLIPSIS


def _plain(value: object) -> object:
    if isinstance(value, Context):
        return value.storage
    if isinstance(value, (set, frozenset)):
        return list(value)
    return _describe(value)


def _describe(value: object) -> str:
    kind = type(value)
    name = f"<{kind.__module__}.{kind.__qualname__} object>"
    if (kind.__str__, kind.__repr__) == (object.__str__, object.__repr__):
        return name  # the address that Python adds tells nobody anything
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a message must not fail for a class' own text
        return name
