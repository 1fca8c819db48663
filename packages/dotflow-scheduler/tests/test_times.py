"""When a schedule comes: seconds, time zones, summer time, jitter, suspends."""

from __future__ import annotations

import pickle
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from dotflow_scheduler import SchedulerCron
from dotflow_scheduler.times import CronTimes

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


# Whole, half and quarter hours, north and south; clocks that change by half an hour
# (Lord Howe) or two (Troll), at midnight (Havana, Asuncion, Beirut), around Ramadan
# (Casablanca), by a whole day (Apia), for good (Caracas, Pyongyang, Sao_Paulo).
ZONES = """
    UTC Europe/Berlin Europe/Lisbon Europe/Dublin America/New_York America/Los_Angeles
    America/St_Johns America/Halifax America/Sao_Paulo America/Santiago America/Asuncion
    America/Havana America/Caracas America/Nuuk Australia/Lord_Howe Australia/Sydney
    Australia/Adelaide Australia/Eucla Pacific/Auckland Pacific/Chatham Pacific/Apia
    Pacific/Norfolk Asia/Kolkata Asia/Kathmandu Asia/Tehran Asia/Jerusalem Asia/Beirut
    Asia/Gaza Asia/Pyongyang Africa/Cairo Africa/Casablanca Antarctica/Troll
""".split()  # noqa: SIM905 - as a list it would be a page long
CRONS = [
    "0 * * * *",
    "*/15 * * * *",
    "30 2 * * *",
    "45 1 * * * 30",
    "0 0 * * *",
    "59 23 * * *",
    "0,30 1-3 * * *",
    "*/30 0-4 * * 0",
    "0 3 * * 0#2",
    "15 2 * * 7#1",
    "0 1 * * sun#2",
    "0 2 * * 1#1,3#2",
    "0 0 * * L0",
    "30 1 l * *",
    "0 2 1-7 * 0",
    "H H(0-3) * * *",
    "H/20 * * * *",
]


def changes(zone: ZoneInfo) -> list[int]:
    """Return when the clocks of a zone changed, some 30 of the last changes."""
    found, hour = [], 3600
    start = int(datetime(2010, 1, 1, tzinfo=UTC).timestamp())
    offset = None
    for moment in range(start, start + 16 * 366 * 24 * hour, 6 * hour):
        now = datetime.fromtimestamp(moment, zone).utcoffset()
        if offset is not None and now != offset:
            found.append(moment)
        offset = now
    return found[-30:] or [start]


CHANGES = {name: changes(ZoneInfo(name)) for name in ZONES}


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(ZONES),
    cron=st.sampled_from(CRONS),
    change=st.integers(0, 29),
    before=st.integers(0, 2 * 24 * 3600),
    within=st.floats(0, 0.999),
)
def test_ticks_are_those_of_croniter(
    name: str, cron: str, change: int, before: int, within: float
) -> None:
    """Around a change of the clocks each tick is found from any moment before it."""
    zone, around = ZoneInfo(name), CHANGES[name]
    start = around[change % len(around)] - before
    times = CronTimes(cron, zone, "seed")
    seed = "seed" if "H" in cron else None
    ticks = croniter(cron, datetime.fromtimestamp(start, zone), hash_id=seed)
    moment = float(start)
    for _ in range(8):
        expected = ticks.get_next(float)
        assert times.after(moment) == expected
        between = moment + (expected - moment) * within
        assert times.after(between) == expected
        moment = expected


class Started:
    """A clock that is only asked what time it is when a run begins and ends."""

    def __init__(self, moment: float, lengths: list[float]) -> None:
        self.time = moment
        self.lengths = lengths

    def now(self) -> float:
        return self.time

    def sleep_until(self, moment: float, wake: Any) -> None:
        self.time = max(self.time, moment)


@pytest.mark.parametrize("overlap", ["skip", "queue", "parallel"])
@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Australia/Lord_Howe", (2024, 4, 6)),
        ("Australia/Lord_Howe", (2024, 10, 5)),
        ("Europe/Berlin", (2024, 3, 30)),
        ("Europe/Berlin", (2024, 10, 26)),
        ("America/Havana", (2024, 3, 9)),
        ("Antarctica/Troll", (2024, 10, 26)),
    ],
)
def test_every_overlap_across_a_change(
    name: str, day: tuple[int, int, int], overlap: Any
) -> None:
    """Runs that end before the next tick come at each one, whatever the overlap."""
    zone = ZoneInfo(name)
    start = datetime(*day, 20, tzinfo=zone)
    clock = Started(start.timestamp(), [])
    scheduler = SchedulerCron("*/20 * * * *", overlap, zone, clock=clock)  # type: ignore[arg-type]
    ticks = croniter("*/20 * * * *", start)
    expected = [ticks.get_next(float) for _ in range(40)]
    seen: list[float] = []
    begun = threading.Condition()

    def workflow() -> None:
        with begun:
            seen.append(clock.time)
            begun.notify_all()
        if len(seen) == len(expected):
            scheduler.stop()

    if overlap == "parallel":  # a run begins in a thread: the clock waits for it
        sleep = clock.sleep_until

        def sleep_until(moment: float, wake: Any) -> None:
            passed = sum(tick < moment for tick in expected)
            with begun:
                begun.wait_for(lambda: len(seen) >= passed, 60)
            sleep(moment, wake)

        clock.sleep_until = sleep_until  # type: ignore[method-assign]
    scheduler.start(workflow)
    assert seen[: len(expected)] == expected


def test_drawn_fields_are_drawn_once() -> None:
    """R is drawn when the schedule is made, H from its seed and so the same again."""
    clock = Started(1.7e9, [])

    def minutes(scheduler: SchedulerCron) -> set[int]:
        return {time.minute for time in scheduler.next_run_times(20)}

    for cron in ("R * * * *", "H * * * *", "h r * * *", "H(10-19) R * * *"):
        scheduler = SchedulerCron(cron, clock=clock)  # type: ignore[arg-type]
        assert scheduler.cron == cron
        assert len(minutes(scheduler)) == 1
        copy = pickle.loads(pickle.dumps(scheduler))
        assert copy.next_run_times() == scheduler.next_run_times()

    def hashed(seed: str) -> SchedulerCron:
        return SchedulerCron("H H * * *", seed=seed, clock=clock)  # type: ignore[arg-type]

    assert hashed("a").next_run_times() == hashed("a").next_run_times()
    assert hashed("a").next_run_times() != hashed("b").next_run_times()
    random = [SchedulerCron("R R * * *", clock=clock) for _ in range(20)]  # type: ignore[arg-type]
    assert len({str(one.next_run_times(1)) for one in random}) > 1
    [plain] = SchedulerCron("@daily", timezone="UTC", clock=clock).next_run_times(1)  # type: ignore[arg-type]
    assert (plain.hour, plain.minute) == (0, 0)
