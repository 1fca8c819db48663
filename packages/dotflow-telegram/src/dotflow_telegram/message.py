"""A task as a Telegram message, in the HTML that the Bot API knows."""

from __future__ import annotations

from html import escape
from typing import Any

from dotflow.delivery.text import (
    error_text,
    output_text,
    result_text,
    shorten,
    status_line,
)

MAX_TEXT = 4096
"""The most characters of a message, once its tags are taken for what they mean."""

_MAX_NAME = 200
_MAX_OUTPUT = 1000
# What the lines around the texts may take, generously.
_FRAME = 3 * _MAX_NAME + 100


def compose(task: Any, show_result: bool) -> str:
    """Return the message for a task as it is now.

    Args:
        task: The `Task`.
        show_result: Whether to show what it has returned.
    """
    output = output_text(task, _MAX_OUTPUT)
    room = MAX_TEXT - _FRAME - (_MAX_OUTPUT if output else 0)
    error = error_text(task, room if not show_result else room // 2)
    result = result_text(task, room - len(error) * 2) if show_result else ""
    lines = [f"{_text(status_line(task))} — <b>{_text(task.name)}</b>"]
    if result:
        code = f'<code class="language-json">{escape(result, quote=False)}</code>'
        lines.append(f"<pre>{code}</pre>")
    if error:
        lines.append(f"<code>{escape(error, quote=False)}</code>")
    if output:
        lines.append(f"<pre>{escape(output, quote=False)}</pre>")
    workflow, ident = _text(task.workflow_id), _text(task.task_id)
    lines.append(f"<code>{workflow}</code> — Task <code>{ident}</code>")
    return "\n".join(lines)


def _text(value: object) -> str:
    return escape(shorten(str(value), _MAX_NAME), quote=False)
