"""Azure Logic Apps: a recurrence, in JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from dotflow_deploy.errors import ScheduleNotExpressible
from dotflow_deploy.schedule.aws import EITHER
from dotflow_deploy.schedule.cron import Cron, as_cron

_WEEKDAYS: Final = (
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
)
_ALL_MONTHS: Final = frozenset(range(1, 13))


def logic_apps(schedule: Cron | str) -> str:
    """Return a schedule for the Recurrence trigger of a logic app, as a JSON object.

    Args:
        schedule: A schedule of five fields, or its text.

    Raises:
        ScheduleNotExpressible: Months are restricted, or both kinds of days.
        InvalidProject: A text is no schedule.
    """
    cron = as_cron(schedule)
    if cron.restricts_both:
        raise ScheduleNotExpressible(cron.text, "Azure Logic Apps", EITHER)
    if cron.months != _ALL_MONTHS:
        raise ScheduleNotExpressible(
            cron.text, "Azure Logic Apps", "it is due in some months only"
        )
    times: dict[str, Any] = {
        "hours": sorted(cron.hours),
        "minutes": sorted(cron.minutes),
    }
    frequency = "Day"
    if cron.weekdays is not None:
        frequency = "Week"
        times["weekDays"] = [_WEEKDAYS[day] for day in sorted(cron.weekdays)]
    elif cron.days is not None:
        frequency = "Month"
        times["monthDays"] = sorted(cron.days)
    return json.dumps(
        {
            "frequency": frequency,
            "interval": 1,
            "schedule": times,
            # One in the past: without it, the first run would be at once.
            "startTime": "2024-01-01T00:00:00Z",
            "timeZone": "UTC",
        }
    )
