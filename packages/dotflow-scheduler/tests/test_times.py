"""When a schedule comes: seconds, time zones, summer time, jitter, suspends."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_scheduler import SchedulerCron

if TYPE_CHECKING:
    from collections.abc import Callable

BERLIN = "Europe/Berlin"


def upcoming(cron: str, clock: Any, count: int, zone: str = BERLIN) -> list[str]:
    times = SchedulerCron(cron, timezone=zone, clock=clock).next_run_times(count)
    return [time.strftime("%d %H:%M:%S %z") for time in times]


def run_times(scheduler: SchedulerCron, clock: Any, count: int) -> list[str]:
    """Run a schedule for so many runs; return when they came, in UTC."""
    seen: list[str] = []

    def workflow() -> None:
        seen.append(datetime.fromtimestamp(clock.now(), UTC).strftime("%H:%M:%S"))
        if len(seen) == count:
            scheduler.stop()

    scheduler.start(workflow)
    return seen


def test_seconds_are_the_sixth_field(make_clock: Callable[..., Any]) -> None:
    """Seconds stand at the end, as croniter documents."""
    clock = make_clock(2024, 1, 1, 12, 0, 3)
    assert upcoming("* * * * * */20", clock, 3, "UTC") == [
        "01 12:00:20 +0000",
        "01 12:00:40 +0000",
        "01 12:01:00 +0000",
    ]


def test_fractions_of_a_second(make_clock: Callable[..., Any]) -> None:
    """A tick is neither early nor repeated, whatever the fraction of the second."""
    clock = make_clock(2024, 1, 1, 12)
    for fraction in (0.0, 0.25, 0.999999):
        clock.time = int(clock.time) + fraction
        [first] = SchedulerCron("* * * * * *", clock=clock).next_run_times(1)
        assert first.timestamp() == int(clock.time) + 1


def test_clocks_put_forward(make_clock: Callable[..., Any]) -> None:
    """A time that is left out in spring counts as the first one after the gap."""
    clock = make_clock(2024, 3, 30, 12, zone=BERLIN)
    assert upcoming("30 2 * * *", clock, 3) == [
        "31 03:00:00 +0200",
        "01 02:30:00 +0200",
        "02 02:30:00 +0200",
    ]
    clock = make_clock(2024, 3, 31, 0, 30, zone=BERLIN)
    assert upcoming("0 * * * *", clock, 3) == [
        "31 01:00:00 +0100",
        "31 03:00:00 +0200",
        "31 04:00:00 +0200",
    ]


def test_clocks_put_back(make_clock: Callable[..., Any]) -> None:
    """A time that comes twice in autumn counts twice, so no hour is without runs."""
    clock = make_clock(2024, 10, 27, 1, 30, zone=BERLIN)
    assert upcoming("0 * * * *", clock, 4) == [
        "27 02:00:00 +0200",
        "27 02:00:00 +0100",
        "27 03:00:00 +0100",
        "27 04:00:00 +0100",
    ]
    clock = make_clock(2024, 10, 26, 12, zone=BERLIN)
    assert upcoming("30 2 * * *", clock, 3) == [
        "27 02:30:00 +0200",
        "27 02:30:00 +0100",
        "28 02:30:00 +0100",
    ]


@pytest.mark.parametrize(
    ("start", "seen"),
    [
        ((2024, 3, 31, 1, 15), ["00:30:00", "01:00:00", "01:30:00"]),
        ((2024, 10, 27, 1, 45), ["00:00:00", "00:30:00", "01:00:00", "01:30:00"]),
    ],
)
def test_runs_across_the_change(
    make_clock: Callable[..., Any], start: tuple[int, ...], seen: list[str]
) -> None:
    """Every half hour means every half hour, on the days of the change as well."""
    clock = make_clock(*start, zone=BERLIN)
    scheduler = SchedulerCron("*/30 * * * *", timezone=BERLIN, clock=clock)
    assert run_times(scheduler, clock, len(seen)) == seen


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs tzset")
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", ":Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"]
)
def test_the_zone_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, make_clock: Callable[..., Any], zone: str
) -> None:
    """Without a time zone the machine's own counts, with its rules for summer time."""
    clock = make_clock(2024, 3, 30, 1, 0, zone=BERLIN)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        times = SchedulerCron("0 4 * * *", clock=clock).next_run_times(2)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert [found.isoformat() for found in times] == [
        "2024-03-30T04:00:00+01:00",
        "2024-03-31T04:00:00+02:00",
    ]


def test_a_suspend(make_clock: Callable[..., Any]) -> None:
    """Ticks that passed while the machine slept are made up for by one run."""
    clock = make_clock(2024, 1, 1, 12)
    clock.oversleep = 3 * 3600 + 40
    scheduler = SchedulerCron("*/10 * * * *", clock=clock)
    assert run_times(scheduler, clock, 3) == ["15:10:40", "15:20:00", "15:30:00"]


def test_a_clock_put_back(make_clock: Callable[..., Any]) -> None:
    """A clock that is set back does not bring a tick twice."""
    clock = make_clock(2024, 1, 1, 12)
    clock.oversleep = -180
    scheduler = SchedulerCron("*/10 * * * *", clock=clock)
    run_times(scheduler, clock, 2)
    ticks = [datetime.fromtimestamp(moment, UTC).minute for moment in clock.waits]
    assert ticks[:2] == [10, 20]


def test_jitter(make_clock: Callable[..., Any]) -> None:
    """A run begins late by no more than the jitter, and not always by as much."""
    clock = make_clock(2024, 1, 1, 12)
    scheduler = SchedulerCron("* * * * *", jitter=30, clock=clock)
    run_times(scheduler, clock, 50)
    late = [moment % 60 for moment in clock.waits]
    assert all(0 <= seconds <= 30 for seconds in late)
    assert len(set(late)) > 1


def test_the_end_of_the_years(make_clock: Callable[..., Any]) -> None:
    """A schedule whose last year is over ends by itself."""
    clock = make_clock(2024, 1, 1)
    scheduler = SchedulerCron("0 0 1 6 * 0 2024", timezone="UTC", clock=clock)
    runs: list[float] = []
    scheduler.start(lambda: runs.append(clock.now()))
    assert len(runs) == 1
    assert not scheduler.running
