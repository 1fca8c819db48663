"""systemd timers: `OnCalendar=Mon..Fri *-*-* 06:00:00 UTC`."""

from __future__ import annotations

from collections.abc import Iterable

from dotflow_deploy.schedule.cron import Cron, as_cron
from dotflow_deploy.schedule.fields import DAY, HOUR, MINUTE, MONTH, Unit
from dotflow_deploy.schedule.texts import stepped, weekday_names


def systemd_calendar(schedule: Cron | str) -> list[str]:
    """Return the values of `OnCalendar=`, each for a line of its own.

    Two of them if both kinds of days are restricted: a timer is due when either is, and
    once only when both are.

    Args:
        schedule: A schedule of five fields, or its text.

    Raises:
        InvalidProject: A text is no schedule.
    """
    cron = as_cron(schedule)
    months = _field(cron.months, MONTH)
    time = f"{_field(cron.hours, HOUR)}:{_field(cron.minutes, MINUTE)}:00 UTC"
    lines = []
    if cron.days is not None or cron.weekdays is None:
        days = "*" if cron.days is None else _field(cron.days, DAY)
        lines.append(f"*-{months}-{days} {time}")
    if cron.weekdays is not None:
        names = weekday_names(cron.weekdays, between="..").title()
        lines.append(f"{names} *-{months}-* {time}")
    return lines


def _field(values: Iterable[int], unit: Unit) -> str:
    return stepped(values, unit, between="..", digits=2)
