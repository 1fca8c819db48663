"""`CompositeMetrics`: several metrics as one."""

from __future__ import annotations

from dotflow.abc.metrics import Metrics
from dotflow.base.fan_out import FanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CompositeMetrics(FanOut, Metrics):  # type: ignore[override]
    """Tells everything to several metrics; see `FanOut`.

    Args:
        parts: The metrics.
    """

    def workflow_started(self, workflow_id: Any, **kwargs: Any) -> None:
        """Count a run that begins.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run.
        """
        self.tell("workflow_started", workflow_id, **kwargs)

    def workflow_completed(self, workflow_id: Any, duration: float) -> None:
        """Count a run whose tasks all completed.

        Args:
            workflow_id: The workflow's id.
            duration: Seconds from start to end.
        """
        self.tell("workflow_completed", workflow_id, duration)

    def workflow_failed(self, workflow_id: Any, duration: float) -> None:
        """Count a run with a failed task.

        Args:
            workflow_id: The workflow's id.
            duration: Seconds from start to end.
        """
        self.tell("workflow_failed", workflow_id, duration)

    def task_completed(self, task: Any) -> None:
        """Count a completed task.

        Args:
            task: The `Task`.
        """
        self.tell("task_completed", task)

    def task_failed(self, task: Any) -> None:
        """Count a failed task.

        Args:
            task: The `Task`.
        """
        self.tell("task_failed", task)

    def task_retried(self, task: Any) -> None:
        """Count a failed attempt that another one follows.

        Args:
            task: The `Task`.
        """
        self.tell("task_retried", task)
