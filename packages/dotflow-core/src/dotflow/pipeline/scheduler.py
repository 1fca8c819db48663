"""The former place of `SchedulerConfig`."""

from __future__ import annotations

from dotflow.pipeline.scheduler_config import SchedulerConfig

__all__ = ["SchedulerConfig"]
