"""Azure Functions: `second minute hour day month weekday`."""

from __future__ import annotations

from dotflow_deploy.errors import ScheduleNotExpressible
from dotflow_deploy.schedule.aws import EITHER
from dotflow_deploy.schedule.cron import Cron, as_cron


def azure_ncrontab(schedule: Cron | str) -> str:
    """Return a schedule for a timer trigger of Azure Functions (NCRONTAB), in UTC.

    Args:
        schedule: A schedule of five fields, or its text.

    Raises:
        ScheduleNotExpressible: Both kinds of days are restricted: NCRONTAB is then due
            where both match.
        InvalidProject: A text is no schedule.
    """
    cron = as_cron(schedule)
    if cron.restricts_both:
        raise ScheduleNotExpressible(cron.text, "Azure Functions", EITHER)
    return f"0 {cron}"
