"""Checks of the numbers that a run is given."""

from __future__ import annotations

from dotflow.errors import InvalidTask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def check_count(name: str, value: Any) -> int | None:
    """Return a bound on how many.

    Raises:
        InvalidTask: It is no whole number from 1 on, nor None.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= 1):
        raise InvalidTask(f"{name}={value!r}: give a whole number, 1 or more, or None.")
    return None if value is None else int(value)


def check_seconds(name: str, value: Any) -> float | None:
    """Return a bound on a time.

    Raises:
        InvalidTask: It is no number above 0, nor None.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and value > 0):
        raise InvalidTask(
            f"{name}={value!r}: give a number of seconds above 0, or None."
        )
    return None if value is None else float(value)


def check_sizes(limits: Any) -> dict[str, int]:
    """Return the sizes of named limits.

    Raises:
        InvalidTask: They are no dictionary of whole numbers from 1 on.
    """
    if limits is not None and not isinstance(limits, dict):
        raise InvalidTask(f"limits={limits!r}: give a dict of names and whole numbers.")
    return {
        name: check_count(f"limits[{name!r}]", size) or 1
        for name, size in (limits or {}).items()
    }
