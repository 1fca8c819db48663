"""Schedules as recurrences of Azure Logic Apps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dotflow_deploy.errors import ScheduleNotExpressible
from dotflow_deploy.schedule.logic_apps import logic_apps


@pytest.mark.parametrize(
    ("cron", "frequency", "times"),
    [
        ("30 6 * * *", "Day", {"hours": [6], "minutes": [30]}),
        ("*/20 6-8 * * *", "Day", {"hours": [6, 7, 8], "minutes": [0, 20, 40]}),
        (
            "0 6 * * MON,7",
            "Week",
            {"hours": [6], "minutes": [0], "weekDays": ["Sunday", "Monday"]},
        ),
        ("0 6 1,15 * *", "Month", {"hours": [6], "minutes": [0], "monthDays": [1, 15]}),
    ],
)
def test_recurrence(cron: str, frequency: str, times: dict[str, Any]) -> None:
    """Minutes, hours and one kind of days are said as lists, in UTC, from no moment on."""
    made = json.loads(logic_apps(cron))
    assert (made["frequency"], made["interval"]) == (frequency, 1)
    assert made["schedule"] == times
    assert made["timeZone"] == "UTC"
    assert made["startTime"] < "2026", "without it, the first run would be at once"


@pytest.mark.parametrize("cron", ["0 6 1 * MON", "0 6 * 1-6 *"])
def test_refused(cron: str) -> None:
    """Both kinds of days, or some months only, cannot be said there."""
    with pytest.raises(ScheduleNotExpressible, match="Azure Logic Apps"):
        logic_apps(cron)
