"""`MetricsDefault`: nothing is counted."""

from __future__ import annotations

from dotflow.abc.metrics import Metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MetricsDefault(Metrics):
    """Metrics that count nothing."""

    active = False

    def workflow_started(self, workflow_id: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def workflow_completed(self, workflow_id: Any, duration: float) -> None:
        """Do nothing."""

    def workflow_failed(self, workflow_id: Any, duration: float) -> None:
        """Do nothing."""

    def task_completed(self, task: Any) -> None:
        """Do nothing."""

    def task_failed(self, task: Any) -> None:
        """Do nothing."""

    def task_retried(self, task: Any) -> None:
        """Do nothing."""
