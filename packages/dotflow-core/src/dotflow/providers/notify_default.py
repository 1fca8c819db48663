"""`NotifyDefault`: nobody is told."""

from __future__ import annotations

from dotflow.abc.notify import Notify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NotifyDefault(Notify):
    """A notifier that does nothing."""

    active = False

    def hook_status_task(self, task: Any) -> None:
        """Do nothing."""
