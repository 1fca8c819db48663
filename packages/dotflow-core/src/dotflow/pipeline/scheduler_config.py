"""`SchedulerConfig`: how much runs at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SchedulerConfig:
    """How much runs at once.

    Args:
        max_parallel: The most attempts in flight; None for as many as can run.
    """

    max_parallel: int | None = 4
