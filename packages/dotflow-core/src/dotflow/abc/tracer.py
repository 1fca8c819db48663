"""`Tracer`: what records when runs and tasks began and ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Tracer(ABC):
    """The base of every tracer.

    Attributes:
        active: Whether the tracer does anything; one that does not is not called.
    """

    active: bool = True

    @abstractmethod
    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Be told that a run has begun.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run: `mode`, `tasks_count`.
        """

    @abstractmethod
    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Be told that a run has ended.

        Args:
            workflow_id: The workflow's id.
            kwargs: How it ended: `duration` in seconds, `failed`.
        """

    @abstractmethod
    def start_task(self, task: Any) -> None:
        """Be told that a task is about to run.

        Args:
            task: The `Task`.
        """

    @abstractmethod
    def end_task(self, task: Any) -> None:
        """Be told that a task has ended; its status, duration and errors are set.

        Args:
            task: The `Task`.
        """
