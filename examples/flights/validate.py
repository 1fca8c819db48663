"""Validate: hold each row against its rules, and put those that break one aside."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache

import rules
from dataset import Dataset, Row, read, write
from dotflow import Context, action
from rejects import rejecting


@action
def validate_flights(previous_context: Context) -> Dataset:
    """Flights whose own columns agree with each other."""
    return split(previous_context.storage, "flights", rules.flight_rules())


@action
def check_aircraft(previous_context: Context) -> Dataset:
    """Flights whose aircraft was not in the air on another one at the same time."""
    flights: Dataset = previous_context.storage
    doubled = overlapping(read(flights.path))
    reason = "aircraft is on two flights at once"
    checks = [(reason, lambda row: row["line"] in doubled)]
    return split(flights, "flights", checks, made="possible")


@action
def validate_weather(previous_context: Context) -> Dataset:
    """Complete and plausible observations."""
    weather: Dataset = previous_context.storage
    return split(weather, "weather", rules.weather_rules([*read(weather.path)]))


@action
def validate_planes(previous_context: Context) -> Dataset:
    """Aircraft that an airline could have flown."""
    return split(previous_context.storage, "planes", rules.plane_rules())


@action
def validate_airlines(previous_context: Context) -> Dataset:
    """Airlines with a code and a name."""
    return split(previous_context.storage, "airlines", rules.airline_rules())


@action
def validate_airports(previous_context: Context) -> Dataset:
    """American airports that are where they should be."""
    return split(previous_context.storage, "airports", rules.airport_rules())


@action
def validate_places(previous_context: Context) -> Dataset:
    """Airports of the world with usable codes and coordinates."""
    return split(previous_context.storage, "places", rules.place_rules())


def split(
    source: Dataset, name: str, checks: Sequence[rules.Rule], made: str = "valid"
) -> Dataset:
    """Write the rows that break no rule to one file, the others to another.

    Args:
        source: The rows.
        name: The name of their source.
        checks: The rules; the first one broken is the reason.
        made: What the accepted rows are, for the names of the files.
    """
    path = source.beside(f"{name}.{made}.csv")
    rejected_path = source.beside(f"{name}.{made}.rejected.csv")
    with rejecting(rejected_path, name) as rejects:

        def accepted() -> Iterator[Sequence[str]]:
            for row in read(source.path):
                for reason, is_broken in checks:
                    if is_broken(row):
                        rejects.add(row["line"], reason, row)
                        break
                else:
                    yield [*row.values()]

        rows = write(path, columns(source), accepted())
    return Dataset(path, rows, rejected_path, rejects.count)


def columns(source: Dataset) -> list[str]:
    """Return the names of a file's columns."""
    with source.path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def overlapping(flights: Iterator[Row]) -> set[str]:
    """Return the lines of flights that share an aircraft and a time in the air.

    Which of the two has the wrong tail number cannot be known, so both are named.
    """
    in_air = sorted(
        (row["tailnum"], start, start + int(row["air_time"]), row["line"])
        for row in flights
        if row["air_time"]
        for start in [departure_minute(row)]
    )
    found: set[str] = set()
    tail, lands, line = "", 0, ""
    for this_tail, start, end, this_line in in_air:
        if this_tail == tail and start < lands:
            found |= {line, this_line}
        if this_tail != tail or end > lands:
            tail, lands, line = this_tail, end, this_line
    return found


def departure_minute(flight: Row) -> int:
    """Return when a flight left the gate, in minutes since 1970."""
    scheduled = minutes_since_1970(flight["time_hour"]) + int(flight["minute"])
    return scheduled + int(flight["dep_delay"])


@cache
def minutes_since_1970(hour: str) -> int:
    """Return an hour of UTC in minutes; a year has few of them and many flights."""
    return int(datetime.fromisoformat(hour).timestamp()) // 60
