"""A schedule in the five fields of cron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.schedule.fields import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    UNITS,
    WEEKDAY,
    is_free,
    parse_field,
)
from dotflow_deploy.schedule.texts import compact

ALIASES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""Words for whole expressions."""

# The longest that each month can be: the 30th of February never comes.
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True)
class Cron:
    """When a workflow is due, in UTC.

    `str` of it is five fields that every cron understands alike: without names, `?` or
    7 for Sunday.

    Attributes:
        text: What was written.
        minutes: Minutes of the hour, 0 to 59.
        hours: Hours of the day, 0 to 23.
        days: Days of the month, 1 to 31. None: they restrict nothing.
        months: Months, 1 to 12.
        weekdays: Days of the week, 0 (Sunday) to 6. None: they restrict nothing. If
            neither is None, it is due on days that match either.
    """

    text: str
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Read five fields: minute, hour, day of the month, month, day of the week.

        Names (`JAN`, `MON`), ranges, lists, steps, 7 for Sunday and words such as
        `@daily` are understood.

        Args:
            text: A cron expression.

        Raises:
            InvalidProject: It is none; the message says what is wrong, and where.
        """
        fields = ALIASES.get(text.strip().lower(), text).split()
        if len(fields) != len(UNITS):
            raise InvalidProject(_not_five(text, len(fields)))
        values = []
        for number, (written, unit) in enumerate(zip(fields, UNITS, strict=True), 1):
            try:
                values.append(parse_field(written, unit))
            except ValueError as error:
                raise InvalidProject(
                    f"The schedule {text!r} is wrong in field {number} of 5, the"
                    f" {unit.name}: {error}"
                ) from error
        minutes, hours, days, months, weekdays = values
        cron = cls(
            text=text,
            minutes=minutes,
            hours=hours,
            days=None if is_free(fields[2]) else days,
            months=months,
            weekdays=None if is_free(fields[4]) else weekdays,
        )
        return cron._simplified()

    @property
    def restricts_both(self) -> bool:
        """Whether it is due on days of the month and, besides, on days of the week."""
        return self.days is not None and self.weekdays is not None

    @property
    def interval(self) -> int:
        """The shortest time between two runs, in minutes; up to 60 it is exact."""
        ordered = sorted(self.minutes)
        gaps = [b - a for a, b in pairwise(ordered)]
        if any((hour + 1) % 24 in self.hours for hour in self.hours):
            gaps.append(60 - ordered[-1] + ordered[0])
        return min(gaps, default=60)

    def __str__(self) -> str:
        # `1-31/2` and not `*/2` beside a day of the week: some take a field that begins
        # with a star for one that restricts nothing.
        star = not self.restricts_both
        return " ".join(
            (
                compact(self.minutes, MINUTE),
                compact(self.hours, HOUR),
                "*" if self.days is None else compact(self.days, DAY, star=star),
                compact(self.months, MONTH),
                "*"
                if self.weekdays is None
                else compact(self.weekdays, WEEKDAY, star=star),
            )
        )

    def _simplified(self) -> Cron:
        """Leave out what makes no difference, so that dialects cannot differ in it."""
        days, weekdays = self.days, self.weekdays
        if days is not None:
            longest = max(_LENGTHS[month - 1] for month in self.months)
            first = min(days)
            days = frozenset(day for day in days if day <= longest)
            if not days and weekdays is None:
                raise InvalidProject(
                    f"The schedule {self.text!r} is never due: no month of it has a day"
                    f" {first}"
                )
            if not days:
                days = None
            elif days.issuperset(range(1, longest + 1)):
                # Every day; with either being enough, whatever the day of the week is.
                days = weekdays = None
        if weekdays is not None and weekdays.issuperset(WEEKDAY.values):
            days = weekdays = None
        return replace(self, days=days, weekdays=weekdays)


def as_cron(schedule: Cron | str) -> Cron:
    """Return a schedule, read if it is a text.

    Raises:
        InvalidProject: The text is no cron expression.
    """
    return schedule if isinstance(schedule, Cron) else Cron.parse(schedule)


def _not_five(text: str, count: int) -> str:
    word = text.strip().lower()
    if word.startswith(("rate(", "cron(")):
        why = "only AWS understands rate(…) and cron(…)"
    elif word == "@reboot":
        why = "nothing is booted that it could follow; give times"
    elif word.startswith("@"):
        why = f"the words for one are {', '.join(ALIASES)}"
    elif count == 6:
        why = "it has six fields: leave out the seconds, or the year"
    else:
        why = f"it has {count} field{'' if count == 1 else 's'}"
    return (
        f"The schedule {text!r} is not of the five fields minute, hour, day of the"
        f" month, month, day of the week, such as '0 6 * * 1-5': {why}"
    )
