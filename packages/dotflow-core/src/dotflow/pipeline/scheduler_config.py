"""`SchedulerConfig`: how much runs at once."""

from __future__ import annotations

from dataclasses import dataclass

from dotflow.base.arguments import check_count


@dataclass(frozen=True)
class SchedulerConfig:
    """How much runs at once.

    Args:
        max_parallel: The most attempts in flight; None for as many as can run.

    Raises:
        InvalidTask: It is no whole number from 1 on, nor None.
    """

    max_parallel: int | None = 4

    def __post_init__(self) -> None:
        check_count("max_parallel", self.max_parallel)
