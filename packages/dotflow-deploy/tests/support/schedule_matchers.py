"""When each dialect is due, written down from its description alone.

Nothing here is shared with the translation, so that an error cannot be in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def _values(field: str, low: int, high: int, to: str = "-") -> set[int]:
    """Return the values of a field: numbers, ranges, lists, steps, and stars."""
    values: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        if span in "*?":
            first, last = low, high
        elif to in span:
            first, last = (int(end) for end in span.split(to))
        else:
            first = int(span)
            last = high if step else first
        assert low <= first <= last <= high, f"{item} in {low}..{high}"
        values |= set(range(first, last + 1, int(step or 1)))
    return values


def _weekdays(field: str, first: int, to: str = "-") -> set[int]:
    """Return days of the week, 0 for Sunday, from a dialect that counts from `first`."""
    for number, name in enumerate(NAMES, first):
        field = field.upper().replace(name, str(number))
    return {value - first for value in _values(field, first, first + 6, to)}


def _weekday(time: datetime) -> int:
    return time.isoweekday() % 7


def aws(expression: str, time: datetime) -> bool:
    """AWS: six fields, Sunday is 1, and one of the two kinds of days is `?`."""
    assert expression.startswith("cron(")
    assert expression.endswith(")")
    assert len(expression) <= 256
    minute, hour, day, month, weekday, year = expression[5:-1].split(" ")
    assert (day == "?") != (weekday == "?")
    assert year == "*"
    assert "/" not in weekday
    assert not any("-" in item and "/" in item for item in (minute, hour, day, month))
    return (
        time.minute in _values(minute, 0, 59)
        and time.hour in _values(hour, 0, 23)
        and time.month in _values(month, 1, 12)
        and (day == "?" or time.day in _values(day, 1, 31))
        and (weekday == "?" or _weekday(time) in _weekdays(weekday, 1))
    )


def posix(expression: str, time: datetime) -> bool:
    """POSIX and its relatives: either kind of days is enough if neither has a star."""
    minute, hour, day, month, weekday = expression.split(" ")
    by_day = time.day in _values(day, 1, 31)
    by_weekday = _weekday(time) in _weekdays(weekday, 0)
    star = day.startswith("*") or weekday.startswith("*")
    return (
        time.minute in _values(minute, 0, 59)
        and time.hour in _values(hour, 0, 23)
        and time.month in _values(month, 1, 12)
        and ((by_day and by_weekday) if star else (by_day or by_weekday))
    )


def strict(expression: str, time: datetime) -> bool:
    """Five fields where both kinds of days must match, and may not be given at once."""
    _, _, day, _, weekday = expression.split(" ")
    assert "*" in (day, weekday)
    return posix(expression, time)


def fc(expression: str, time: datetime) -> bool:
    """Alibaba: a zone, seconds first, one kind of days, days of the week by name."""
    zone, second, rest = expression.split(" ", 2)
    assert (zone, second) == ("CRON_TZ=UTC", "0")
    assert not any(mark.isdigit() for mark in rest.split(" ")[4])
    assert "SUN-" not in rest, "a range from Sunday means nothing where Monday is 1"
    return strict(rest, time)


def ncrontab(expression: str, time: datetime) -> bool:
    """Azure: seconds first, and both kinds of days must match."""
    second, rest = expression.split(" ", 1)
    assert second == "0"
    return strict(rest, time)


def systemd(lines: list[str], time: datetime) -> bool:
    """Say whether any line of systemd is due; the days of the week in one are a limit."""
    return any(_calendar(line, time) for line in lines)


def _calendar(line: str, time: datetime) -> bool:
    *weekdays, date, clock, zone = line.split(" ")
    assert zone == "UTC"
    year, month, day = date.split("-")
    hour, minute, second = clock.split(":")
    assert (year, second) == ("*", "00")
    return (
        time.minute in _values(minute, 0, 59, "..")
        and time.hour in _values(hour, 0, 23, "..")
        and time.month in _values(month, 1, 12, "..")
        and time.day in _values(day, 1, 31, "..")
        and (not weekdays or _weekday(time) in _weekdays(weekdays[0], 0, ".."))
    )
