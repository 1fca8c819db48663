"""What a message to people says of a task, cut to size before it is dressed up."""

from __future__ import annotations

import json

from dotflow.base.escape import without_colours
from dotflow.base.guard import STOPS, is_a
from dotflow.model.context import Context
from dotflow.model.payload import described
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ELLIPSIS = "…"
_LINES = 8
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


def _last_error(task: Any) -> Any:
    """Return the last error of a task that failed or is tried again, else None."""
    told = task.status in (TypeStatus.FAILED, TypeStatus.RETRY)
    return task.errors[-1] if told and task.errors else None


def error_text(task: Any, limit: int) -> str:
    """Return the last error of a task that failed or is tried again, else `""`.

    Args:
        task: The `Task`.
        limit: The most characters, counted as `shorten` does.
    """
    error = _last_error(task)
    if error is None:
        return ""
    return shorten(f"{error.exception}: {error.message}".rstrip(" :"), limit)


def output_text(task: Any, limit: int) -> str:
    """Return the last lines that a failed attempt of a task has printed, else `""`.

    Args:
        task: The `Task`.
        limit: The most characters, counted as `shorten` does.
    """
    output = getattr(_last_error(task), "output", "")  # which a fake may not have
    lines = without_colours(output).split("\n")[-_LINES:]
    # Each by itself, since it is the last one that matters most.
    return "\n".join(shorten(line, limit // _LINES - 1) for line in lines)


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
    except STOPS:
        raise
    except BaseException:  # noqa: BLE001 - it is made by code of the value
        text = json.dumps(described(value))
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
    if is_a(value, Context):
        return value.storage  # type: ignore[attr-defined]
    if is_a(value, (set, frozenset)):
        return list(value)  # type: ignore[call-overload]
    return described(value)
