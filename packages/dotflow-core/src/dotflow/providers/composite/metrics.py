"""`CompositeMetrics`: several metrics as one."""

from __future__ import annotations

from dotflow.abc.metrics import Metrics
from dotflow.base.fan_out import FanOut


class CompositeMetrics(FanOut, Metrics, family=Metrics):  # type: ignore[override]
    """Tells everything to several metrics; see `FanOut`.

    Args:
        parts: The metrics.
    """
