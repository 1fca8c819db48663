"""`Metrics`: what counts runs and tasks, and measures how long they take."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Metrics(ABC):
    """The base of all metrics.

    Attributes:
        active: Whether anything is counted; one that counts nothing is not called.
    """

    active: bool = True

    @abstractmethod
    def workflow_started(self, workflow_id: Any, **kwargs: Any) -> None:
        """Count a run that begins.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run: its `mode`.
        """

    @abstractmethod
    def workflow_completed(self, workflow_id: Any, duration: float) -> None:
        """Count a run whose tasks all completed.

        Args:
            workflow_id: The workflow's id.
            duration: Seconds from start to end.
        """

    @abstractmethod
    def workflow_failed(self, workflow_id: Any, duration: float) -> None:
        """Count a run with a failed task.

        Args:
            workflow_id: The workflow's id.
            duration: Seconds from start to end.
        """

    @abstractmethod
    def task_completed(self, task: Any) -> None:
        """Count a completed task; its `duration` is set.

        Args:
            task: The `Task`.
        """

    @abstractmethod
    def task_failed(self, task: Any) -> None:
        """Count a failed task; its `duration` is set.

        Args:
            task: The `Task`.
        """

    @abstractmethod
    def task_retried(self, task: Any) -> None:
        """Count a failed attempt that another one follows.

        Args:
            task: The `Task`.
        """
