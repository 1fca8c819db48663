"""What a schedule accepts."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow.abc.scheduler import Scheduler
from dotflow.errors import DotflowError
from dotflow.providers import SchedulerCron as Registered
from dotflow.providers.scheduler_cron import SchedulerCron as OfOldPath
from dotflow.testing.imports import imported_by
from dotflow_scheduler import SchedulerCron


def test_names() -> None:
    """The class is the same by its package, by `dotflow.providers` and by old path."""
    assert SchedulerCron is Registered is OfOldPath
    assert issubclass(SchedulerCron, Scheduler)


def test_attributes() -> None:
    """The attributes of dotflow 1.x are there."""
    scheduler = SchedulerCron("*/5 * * * *", "queue")
    assert (scheduler.cron, scheduler.overlap) == ("*/5 * * * *", "queue")
    assert not scheduler.running
    assert SchedulerCron("* * * * *").overlap == "skip"


@pytest.mark.parametrize(
    "cron",
    [
        "",
        "nonsense",
        "* * * *",
        "61 * * * *",
        "* * * * * * * *",
        "*/0 * * * *",
        "hh * * * *",
        "h(70-80) * * * *",
        None,
        5,
    ],
)
def test_bad_cron(cron: Any) -> None:
    """A malformed expression is refused at once, and the message shows a good one."""
    with pytest.raises(DotflowError, match=r"\*/5 \* \* \* \*") as caught:
        SchedulerCron(cron)
    assert isinstance(caught.value, ValueError)
    assert repr(cron) in str(caught.value)


@pytest.mark.parametrize("cron", ["0 0 31 2 *", "0 0 1 1 * 0 2020"])
def test_cron_without_a_date(cron: str) -> None:
    """An expression that never comes, or no more, is refused at once."""
    with pytest.raises(DotflowError, match="no such date"):
        SchedulerCron(cron)


@given(st.text(st.sampled_from("0123456789*/-,lLwW#? hHrR@mon"), max_size=20))
def test_any_cron(cron: str) -> None:
    """Whatever the expression, it is taken or refused with our own error."""
    try:
        SchedulerCron(cron, timezone="UTC")
    except DotflowError:
        pass


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ({"overlap": "wait"}, "'skip', 'queue', 'parallel'"),
        ({"overlap": None}, "'skip', 'queue', 'parallel'"),
        ({"timezone": "Europe/Lisbo"}, "'Europe/Lisbon'"),
        ({"timezone": "/etc/passwd"}, "None for that of this machine"),
        ({"timezone": ""}, "None for that of this machine"),
        ({"timezone": 2}, "None for that of this machine"),
        ({"jitter": -1}, "0 or more"),
        ({"jitter": float("inf")}, "0 or more"),
        ({"jitter": "1"}, "0 or more"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], remedy: str) -> None:
    """A bad argument is refused at once, and the message says what to give."""
    with pytest.raises(DotflowError) as caught:
        SchedulerCron("* * * * *", **arguments)
    assert isinstance(caught.value, ValueError)
    assert remedy in str(caught.value)


def test_a_zone_object() -> None:
    """A time zone may be given as an object."""
    zone = timezone(timedelta(hours=5, minutes=30))
    [time] = SchedulerCron("15 4 * * *", timezone=zone).next_run_times(1)
    assert (time.hour, time.minute, time.utcoffset()) == (4, 15, zone.utcoffset(None))


def test_pickle() -> None:
    """A schedule travels to another process as its settings."""
    scheduler = SchedulerCron("0 0 * * *", timezone="Asia/Tokyo", jitter=2)
    copy = pickle.loads(pickle.dumps(scheduler))
    assert copy.next_run_times(2) == scheduler.next_run_times(2)
    assert repr(copy) == repr(scheduler) == "SchedulerCron('0 0 * * *', overlap='skip')"


def test_next_run_times_end_with_the_years() -> None:
    """There are no more times than the years of an expression have."""
    year = datetime.now(UTC).year + 1
    times = SchedulerCron(f"0 0 1 1,2 * 0 {year}", timezone="UTC").next_run_times(5)
    assert times == [datetime(year, month, 1, tzinfo=UTC) for month in (1, 2)]


def test_light_import() -> None:
    """Importing the package does not load its library."""
    heavy = {"croniter", "dateutil", "asyncio", "multiprocessing"}
    assert heavy & imported_by("import dotflow_scheduler") == set()
