"""A task as the body of a Discord webhook: one embed, in which nothing is markup.

Every text that comes from a task stands in a code span or a code block, where Discord
reads neither Markdown nor mentions nor links; `allowed_mentions` rules out the rest.
"""

from __future__ import annotations

from typing import Any

from dotflow.delivery.text import (
    error_text,
    output_text,
    result_text,
    shorten,
    status_line,
)
from dotflow.types import TypeStatus

MAX_TITLE = 256
MAX_FIELD = 1024
"""The most characters of a field's value; all texts of an embed may have 6000."""

COLORS = {
    TypeStatus.COMPLETED: 0x4CAF50,
    TypeStatus.FAILED: 0xF44336,
    TypeStatus.RETRY: 0xFF9800,
    TypeStatus.IN_PROGRESS: 0x2196F3,
    TypeStatus.NOT_STARTED: 0x9E9E9E,
    TypeStatus.PAUSED: 0x607D8B,
    TypeStatus.SKIPPED: 0x9E9E9E,
    TypeStatus.CANCELLED: 0x607D8B,
}

_MAX_NAME = 200
_FENCE = "```"
# Invisible; between two back-ticks it keeps them from ending a block.
_ZERO_WIDTH_SPACE = "\u200b"
_BACKTICK_LIKE = "\N{MODIFIER LETTER GRAVE ACCENT}"


def compose(task: Any, show_result: bool) -> dict[str, Any]:
    """Return the body for a task as it is now.

    Args:
        task: The `Task`.
        show_result: Whether to show what it has returned.
    """
    embed: dict[str, Any] = {
        "title": shorten(status_line(task), MAX_TITLE),
        "color": COLORS.get(task.status, COLORS[TypeStatus.NOT_STARTED]),
        "description": (
            f"{_span(task.name)}\n{_span(task.workflow_id)} — Task {_span(task.task_id)}"
        ),
    }
    fields = []
    if show_result and (result := result_text(task, MAX_FIELD)):
        fields.append({"name": "Result", "value": _block(result, "json")})
    if error := error_text(task, MAX_FIELD):
        fields.append({"name": "Error", "value": _block(error)})
    if output := output_text(task, MAX_FIELD):
        fields.append({"name": "Output", "value": _block(output)})
    if fields:
        embed["fields"] = fields
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _span(value: object) -> str:
    text = " ".join(shorten(str(value), _MAX_NAME).split()) or "-"
    return f"`{text.replace('`', _BACKTICK_LIKE)}`"


def _block(text: str, language: str = "") -> str:
    start, end = f"{_FENCE}{language}\n", f"\n{_FENCE}"
    harmless = text.replace("``", f"`{_ZERO_WIDTH_SPACE}`{_ZERO_WIDTH_SPACE}")
    if harmless.endswith("`"):
        harmless += _ZERO_WIDTH_SPACE
    return start + shorten(harmless, MAX_FIELD - len(start + end)) + end
