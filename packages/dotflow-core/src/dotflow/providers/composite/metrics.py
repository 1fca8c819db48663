"""`CompositeMetrics`: several metrics as one."""

from __future__ import annotations

from dotflow.abc.metrics import Metrics
from dotflow.base.fan_out import FanOut, told


class CompositeMetrics(FanOut, Metrics):  # type: ignore[override]
    """Tells everything to several metrics; see `FanOut`.

    Args:
        parts: The metrics.
    """

    workflow_started = told(Metrics.workflow_started)
    workflow_completed = told(Metrics.workflow_completed)
    workflow_failed = told(Metrics.workflow_failed)
    task_completed = told(Metrics.task_completed)
    task_failed = told(Metrics.task_failed)
    task_retried = told(Metrics.task_retried)
