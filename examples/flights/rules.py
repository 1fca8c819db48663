"""Rules: what makes a row one to put aside, each with the reason to tell.

A rule is a reason and a function that says whether a row breaks it. What is merely
incomplete breaks none: a cancelled flight has no departure, a diverted one no air time.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from dataset import Row

Rule = tuple[str, Callable[[Row], bool]]

NEW_YORK = frozenset({"EWR", "JFK", "LGA"})
AMERICAN_ZONES = ("America/", "Pacific/")
MINUTES_A_DAY = 24 * 60


def unique(*columns: str) -> Callable[[Row], bool]:
    """Make a check that finds the second row with the same values in `columns`."""
    seen: set[tuple[str, ...]] = set()

    def is_repeated(row: Row) -> bool:
        key = tuple(row[column] for column in columns)
        if key in seen:
            return True
        seen.add(key)
        return False

    return is_repeated


def minute_of_day(clock: str) -> int:
    """Return the minutes since midnight of a time written as `517` for 5:17."""
    hours, minutes = divmod(int(clock), 100)
    return hours * 60 + minutes


def contradicts_clock(actual: str, scheduled: str, delay: str) -> Callable[[Row], bool]:
    """Make a check of a delay against the two clock times it should come from."""

    def is_contradiction(row: Row) -> bool:
        if not row[actual] or not row[delay]:
            return False
        late = minute_of_day(row[actual]) - minute_of_day(row[scheduled])
        return bool((late - int(row[delay])) % MINUTES_A_DAY)

    return is_contradiction


def is_too_fast(row: Row) -> bool:
    """Say whether an airliner would have flown more than 600 miles an hour."""
    minutes = int(row["air_time"] or 0)
    return minutes > 0 and int(row["distance"]) / minutes * 60 > 600


def is_off_the_globe(row: Row) -> bool:
    """Say whether the coordinates are none."""
    return not (abs(float(row["lat"])) <= 90 and abs(float(row["lon"])) <= 180)


def flight_rules() -> list[Rule]:
    """Return the rules for flights that look at one row at a time."""
    return [
        ("origin is not in New York", lambda r: r["origin"] not in NEW_YORK),
        (
            "departed without a tail number",
            lambda r: bool(r["dep_time"]) and not r["tailnum"],
        ),
        (
            "arrived without a departure",
            lambda r: not r["dep_time"] and bool(r["arr_time"] or r["air_time"]),
        ),
        (
            "departure delay contradicts the clock",
            contradicts_clock("dep_time", "sched_dep_time", "dep_delay"),
        ),
        (
            "arrival delay contradicts the clock",
            contradicts_clock("arr_time", "sched_arr_time", "arr_delay"),
        ),
        ("shorter than 50 miles", lambda r: int(r["distance"]) < 50),
        ("faster than 600 mph", is_too_fast),
        (
            "repeated flight",
            unique("carrier", "flight", "origin", "dest", "time_hour", "minute"),
        ),
    ]


def weather_rules(rows: list[Row]) -> list[Rule]:
    """Return the rules for weather.

    Args:
        rows: All observations in order: one is also held against its neighbours.
    """
    spikes = temperature_spikes(rows)
    return [
        (
            "no temperature, wind or visibility",
            lambda r: not (r["temp"] and r["wind_speed"] and r["visib"]),
        ),
        ("wind of more than 200 mph", lambda r: float(r["wind_speed"]) > 200),
        ("temperature jumps and jumps back", lambda r: r["line"] in spikes),
        ("repeated hour", unique("origin", "time_hour")),
    ]


def temperature_spikes(rows: list[Row], degrees: float = 30) -> set[str]:
    """Return the lines that differ from both the hour before and the hour after."""
    known = [row for row in rows if row["temp"]]
    jumps = [
        after["line"]
        for before, after in pairwise(known)
        if before["origin"] == after["origin"]
        and abs(float(before["temp"]) - float(after["temp"])) > degrees
    ]
    # A jump is named by the later row, so a spike is one whose next row jumps as well.
    following = {row["line"]: after["line"] for row, after in pairwise(known)}
    return {line for line in jumps if following.get(line) in jumps}


def plane_rules() -> list[Rule]:
    """Return the rules for aircraft.

    A tail number is given away again, and may belong to a Cessna by now.
    """
    return [
        ("fewer than 20 seats: no airliner", lambda r: int(r["seats"]) < 20),
        ("built after 2013", lambda r: int(r["year"] or 0) > 2013),
        ("repeated tail number", unique("tailnum")),
    ]


def airline_rules() -> list[Rule]:
    """Return the rules for airlines."""
    return [
        ("code is not two characters", lambda r: len(r["carrier"]) != 2),
        ("no name", lambda r: not r["name"]),
        ("repeated code", unique("carrier")),
    ]


def airport_rules() -> list[Rule]:
    """Return the rules for the American airports."""
    return [
        ("code is not three characters", lambda r: len(r["faa"]) != 3),
        ("no time zone", lambda r: not r["tzone"]),
        (
            "time zone is not American",
            lambda r: not r["tzone"].startswith(AMERICAN_ZONES),
        ),
        ("coordinates are off the globe", is_off_the_globe),
        ("repeated code", unique("faa")),
    ]


def place_rules() -> list[Rule]:
    """Return the rules for the airports of the world."""
    return [
        ("code is not three characters", lambda r: len(r["iata"]) != 3),
        ("coordinates are off the globe", is_off_the_globe),
        ("repeated code", unique("iata")),
    ]
