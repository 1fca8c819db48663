"""`CompositeLog`: several logs as one."""

from __future__ import annotations

from dotflow.abc.log import Log
from dotflow.base.fan_out import FanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.model.outcome import Failure


class CompositeLog(FanOut, Log):  # type: ignore[override]
    """Tells everything to several logs; see `FanOut`.

    Args:
        parts: The logs.
    """

    def listening(self) -> bool:
        """Tell whether anybody would read what any of them logs."""
        return any(part.listening() for part in self.parts)

    def info(self, **kwargs: Any) -> None:
        """Log at level INFO.

        Args:
            kwargs: What was logged.
        """
        self.tell("info", **kwargs)

    def error(self, **kwargs: Any) -> None:
        """Log at level ERROR.

        Args:
            kwargs: What was logged.
        """
        self.tell("error", **kwargs)

    def warning(self, **kwargs: Any) -> None:
        """Log at level WARNING.

        Args:
            kwargs: What was logged.
        """
        self.tell("warning", **kwargs)

    def debug(self, **kwargs: Any) -> None:
        """Log at level DEBUG.

        Args:
            kwargs: What was logged.
        """
        self.tell("debug", **kwargs)

    def failed(self, task: Any, failure: Failure) -> None:
        """Log the end of a task that failed.

        Args:
            task: The `Task`.
            failure: Why it failed.
        """
        self.tell("failed", task, failure)
