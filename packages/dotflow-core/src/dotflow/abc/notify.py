"""`Notify`: what tells people about the states of tasks."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Notify(ABC):
    """The base of every notifier.

    Attributes:
        active: Whether the notifier does anything; one that does not is not called.
    """

    active: bool = True

    @abstractmethod
    def hook_status_task(self, task: Any) -> None:
        """Be told that the status of a task has changed.

        It is called in the process that started the run. What it raises is reported
        once and does not disturb the run.

        Args:
            task: The `Task`, in its new status.
        """
