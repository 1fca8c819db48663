"""Events for failures: with the exception itself, or with what a worker told of it."""

from __future__ import annotations

import re
from typing import Any

from dotflow.model.outcome import is_ours

_BEGIN = "Traceback (most recent call last):\n"
_FRAME = re.compile(
    r'^  File "(?P<file>.+)", line (?P<line>\d+), in (?P<function>.+)\n'
    r"(?:    (?P<source>.*)\n)?",
    re.MULTILINE,
)


def users_part(error: BaseException) -> tuple[Any, BaseException, Any]:
    """Return an exception with its traceback from the first frame of the step on."""
    frame = error.__traceback__
    while frame is not None and is_ours(frame.tb_frame):
        frame = frame.tb_next
    return type(error), error, frame or error.__traceback__


def told_event(exception: str, message: str, traceback: str) -> dict[str, Any]:
    """Build the event of an exception that was raised in another process.

    Args:
        exception: The name of its class.
        message: What it said.
        traceback: The formatted traceback, or `""`.
    """
    value: dict[str, Any] = {
        "type": exception,
        "value": message,
        "mechanism": {"type": "dotflow", "handled": True},
    }
    frames = [
        {
            "filename": match["file"],
            "abs_path": match["file"],
            "lineno": int(match["line"]),
            "function": match["function"],
            "context_line": match["source"],
            "in_app": True,
        }
        # The last one is that of the exception itself, after those that caused it.
        for match in _FRAME.finditer(traceback.rpartition(_BEGIN)[2])
    ]
    if frames:
        value["stacktrace"] = {"frames": frames}
    event: dict[str, Any] = {"level": "error", "exception": {"values": [value]}}
    if traceback:
        event["extra"] = {"traceback": traceback}
    return event
