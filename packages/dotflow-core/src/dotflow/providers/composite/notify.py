"""`CompositeNotify`: several notifiers as one."""

from __future__ import annotations

from dotflow.abc.notify import Notify
from dotflow.base.fan_out import FanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CompositeNotify(FanOut, Notify):  # type: ignore[override]
    """Tells everything to several notifiers; see `FanOut`.

    Args:
        parts: The notifiers.
    """

    def hook_status_task(self, task: Any) -> None:
        """Tell that the status of a task has changed.

        Args:
            task: The `Task`.
        """
        self.tell("hook_status_task", task)
