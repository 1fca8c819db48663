"""Events for failures: with the exception itself, or with what a worker told of it."""

from __future__ import annotations

from typing import Any

from dotflow.model.outcome import is_ours
from dotflow.report.frames import frames_of

_BEGIN = "Traceback (most recent call last):\n"


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
            "filename": frame.file,
            "abs_path": frame.file,
            "lineno": frame.line,
            "function": frame.function,
            "context_line": frame.code or None,
            "in_app": True,
        }
        # The last one is that of the exception itself, after those that caused it.
        for frame in frames_of(traceback.rpartition(_BEGIN)[2])
    ]
    if frames:
        value["stacktrace"] = {"frames": frames}
    event: dict[str, Any] = {"level": "error", "exception": {"values": [value]}}
    if traceback:
        event["extra"] = {"traceback": traceback}
    return event
