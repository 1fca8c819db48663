"""`NotifyDefault`: nobody is told."""

from __future__ import annotations

from typing import Any

from dotflow.abc.notify import Notify


class NotifyDefault(Notify):
    """A notifier that does nothing."""

    active = False

    def hook_status_task(self, task: Any) -> None:
        """Do nothing."""
