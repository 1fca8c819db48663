"""Two helpers, at the path that users know."""

from __future__ import annotations

from dotflow.base.guard import error_message as message_error
from dotflow.model.outcome import error_traceback as traceback_error

__all__ = ["message_error", "traceback_error"]
