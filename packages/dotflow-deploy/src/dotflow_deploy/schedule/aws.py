"""EventBridge: `cron(minute hour day month weekday year)` and `rate(…)`."""

from __future__ import annotations

import re
from typing import Final

from dotflow_deploy.errors import InvalidProject, ScheduleNotExpressible
from dotflow_deploy.schedule.cron import Cron, as_cron
from dotflow_deploy.schedule.fields import DAY, HOUR, MINUTE, MONTH
from dotflow_deploy.schedule.texts import stepped, weekday_names

_RATE = re.compile(r"rate\((?P<n>[1-9][0-9]*) (?P<unit>minute|hour|day)(?P<s>s?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]+)\)")

EITHER: Final = (
    "it is due on days of the month and on days of the week, whichever match, and there"
    " one expression has only one of the two. Deploy the workflow a second time under"
    " another --project: one with the days of the month, one with the days of the week"
    " (on a day that matches both, both run)"
)


def eventbridge(schedule: Cron | str) -> str:
    """Return a schedule for EventBridge rules and EventBridge Scheduler, in UTC.

    Days of the week go by their names, since AWS counts them from 1 for Sunday.

    Args:
        schedule: A schedule of five fields; or AWS's own `rate(5 minutes)` or `cron(…)`
            of six fields, which is returned as it is.

    Raises:
        ScheduleNotExpressible: Both kinds of days are restricted.
        InvalidProject: A text is no schedule.
    """
    if isinstance(schedule, str) and schedule.strip().startswith(("rate(", "cron(")):
        return _checked(schedule.strip())
    cron = as_cron(schedule)
    if cron.restricts_both:
        raise ScheduleNotExpressible(cron.text, "AWS EventBridge", EITHER)
    days, weekdays = "*" if cron.weekdays is None else "?", "?"
    if cron.days is not None:
        days = stepped(cron.days, DAY)
    if cron.weekdays is not None:
        weekdays = weekday_names(cron.weekdays)
    # AWS documents a step from a start on, not one within a range.
    minutes, hours = stepped(cron.minutes, MINUTE), stepped(cron.hours, HOUR)
    return f"cron({minutes} {hours} {days} {stepped(cron.months, MONTH)} {weekdays} *)"


def _checked(text: str) -> str:
    """Return an expression of AWS's own if it can be one."""
    if rate := _RATE.fullmatch(text):
        if (rate["n"] == "1") == (rate["s"] == ""):
            return text
        right = f"rate({rate['n']} {rate['unit']}{'' if rate['n'] == '1' else 's'})"
        raise InvalidProject(f"The schedule {text!r} must be {right} for AWS")
    fields = found["fields"].split() if (found := _CRON.fullmatch(text)) else []
    if len(fields) != 6:
        raise InvalidProject(
            f"The schedule {text!r} is neither rate(5 minutes) nor cron(minute hour day"
            " month weekday year), as AWS has them"
        )
    if (fields[2] == "?") == (fields[4] == "?"):
        raise InvalidProject(
            f"The schedule {text!r} must have ? for the day of the month or for the day"
            " of the week, not for both: AWS takes one of the two"
        )
    return text
