"""One field of a cron expression: its text, and the values that it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_MONTHS: Final = [
    *("JAN", "FEB", "MAR", "APR", "MAY", "JUN"),
    *("JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
]
DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
"""Names of the days of the week, in the order of their numbers: 0 is Sunday."""

_ITEM = re.compile(
    r"(?P<first>[*?]|[0-9]+|[A-Z]+)(?:-(?P<last>[0-9]+|[A-Z]+))?(?:/(?P<step>[0-9]+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Unit:
    """What a field counts, and the values it may have."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict, repr=False)
    also: int | None = None
    """A value past the highest that means the lowest: 7 is Sunday, as 0."""

    @property
    def values(self) -> range:
        """All values."""
        return range(self.low, self.high + 1)


MINUTE: Final = Unit("minute", 0, 59)
HOUR: Final = Unit("hour", 0, 23)
DAY: Final = Unit("day of the month", 1, 31)
MONTH: Final = Unit("month", 1, 12, {name: i + 1 for i, name in enumerate(_MONTHS)})
WEEKDAY: Final = Unit(
    "day of the week", 0, 6, {name: i for i, name in enumerate(DAYS)}, also=7
)
UNITS: Final = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)


def parse_field(text: str, unit: Unit) -> frozenset[int]:
    """Return the values that a field stands for.

    Args:
        text: The field: `"*/15"`, `"MON-FRI"`, `"1,15"`.
        unit: What it counts.

    Raises:
        ValueError: It is none; the message says what is wrong in it.
    """
    values: set[int] = set()
    for item in text.split(","):
        values |= _item(item, unit)
    return frozenset(values)


def is_free(text: str) -> bool:
    """Tell whether a field restricts nothing by the way it is written."""
    return not {"*", "?", "*/1", "?/1"}.isdisjoint(text.split(","))


def _item(item: str, unit: Unit) -> set[int]:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise ValueError(_unreadable(item, unit))
    first, last, step = found["first"], found["last"], found["step"]
    every = int(step) if step is not None else 1
    if every == 0:
        raise ValueError(f"the step of {item!r} is 0")
    if first in "*?":
        if first == "?" and unit not in (DAY, WEEKDAY):
            raise ValueError("'?' is for the two fields of days")
        if last is not None:
            raise ValueError(f"{item!r} is no range: write */{every}, or two numbers")
        return set(unit.values[::every])
    low = _value(first, unit)
    if last is not None:
        high = _value(last, unit)
        if unit.also is not None and high == 0 < low and not last.isdigit():
            high = unit.also
    elif step is not None:
        high = unit.high
    else:
        high = low
    if high < low:
        raise ValueError(f"the range {item!r} ends before it begins: write two of them")
    return {
        unit.low if value == unit.also else value
        for value in range(low, high + 1, every)
    }


def _value(text: str, unit: Unit) -> int:
    if not text.isdigit():
        if text.upper() not in unit.names:
            raise ValueError(_no_value(text, unit))
        return unit.names[text.upper()]
    value = int(text)
    if value not in unit.values and value != unit.also:
        high = unit.high if unit.also is None else unit.also
        raise ValueError(f"{text} is not between {unit.low} and {high}")
    return value


def _no_value(text: str, unit: Unit) -> str:
    if unit in (DAY, WEEKDAY) and text.upper() in {"L", "W", "LW"}:
        return _foreign(text)
    if unit.names:
        return f"{text!r} is none of {', '.join(unit.names)}"
    return f"{text!r} is no number"


def _unreadable(item: str, unit: Unit) -> str:
    if not item:
        return "there is nothing beside a comma"
    if unit in (DAY, WEEKDAY) and re.fullmatch(r"\w+#\w+|\w*[LW]", item.upper()):
        return _foreign(item)
    return f"{item!r} is no number, range, list or step"


def _foreign(item: str) -> str:
    return f"{item!r} is of another kind of cron: L, W and # have no meaning here"
