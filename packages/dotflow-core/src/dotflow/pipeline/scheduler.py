"""`SchedulerConfig`: how much runs at once."""

from __future__ import annotations

from dataclasses import dataclass

from dotflow.core.exception import InvalidTask


@dataclass(frozen=True)
class SchedulerConfig:
    """How much runs at once.

    Args:
        max_parallel: The most attempts in flight; None for as many as can run.
    """

    max_parallel: int | None = 4


def check_count(name: str, value: int | None) -> None:
    """Check a bound.

    Raises:
        InvalidTask: It is no whole number from 1 on, nor None.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 1):
        raise InvalidTask(f"{name}={value!r}: give a whole number, 1 or more, or None.")
