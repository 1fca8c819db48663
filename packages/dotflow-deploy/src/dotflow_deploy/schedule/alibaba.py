"""Alibaba Cloud Function Compute: `CRON_TZ=UTC second minute hour day month weekday`."""

from __future__ import annotations

from dotflow_deploy.errors import ScheduleNotExpressible
from dotflow_deploy.schedule.aws import EITHER
from dotflow_deploy.schedule.cron import Cron, as_cron
from dotflow_deploy.schedule.fields import DAY, HOUR, MINUTE, MONTH
from dotflow_deploy.schedule.texts import compact, weekday_names


def fc_timer(schedule: Cron | str) -> str:
    """Return a schedule for a timer trigger of Function Compute.

    Args:
        schedule: A schedule of five fields, or its text.

    Raises:
        ScheduleNotExpressible: Both kinds of days are restricted: what a timer does
            then is not documented.
        InvalidProject: A text is no schedule.
    """
    cron = as_cron(schedule)
    if cron.restricts_both:
        raise ScheduleNotExpressible(cron.text, "Alibaba Function Compute", EITHER)
    fields = (
        "0",
        compact(cron.minutes, MINUTE),
        compact(cron.hours, HOUR),
        "*" if cron.days is None else compact(cron.days, DAY),
        compact(cron.months, MONTH),
        "*" if cron.weekdays is None else weekday_names(cron.weekdays),
    )
    return f"CRON_TZ=UTC {' '.join(fields)}"
