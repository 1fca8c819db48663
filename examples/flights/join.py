"""Join: each flight with its airline, aircraft, destination and weather."""

from __future__ import annotations

from collections.abc import Iterator

from dataset import Dataset, Row, read, write
from dotflow import Context, action
from rejects import REJECTED, rejecting
from transform import FLIGHTS

JOINED = (
    *(column for column in FLIGHTS if column != "weather_hour"),
    "airline",
    "aircraft",
    "aircraft_year",
    "dest_name",
    "dest_country",
    "conditions",
)


@action
def join_flights(
    transform_flights: Dataset,
    transform_weather: Dataset,
    validate_planes: Dataset,
    validate_airlines: Dataset,
    combine_airports: Dataset,
) -> Dataset:
    """Flights with all that is known about them.

    A flight of an unknown airline, or to an unknown place, is put aside. An aircraft
    that is not in the register, or an hour without weather, is left empty: some
    airlines report numbers of their fleet instead of tail numbers, and stations fail.
    """
    path = transform_flights.beside("joined.csv")
    rejected_path = transform_flights.beside("joined.rejected.csv")
    airlines = {r["carrier"]: r["name"] for r in read(validate_airlines.path)}
    places = {r["code"]: (r["name"], r["country"]) for r in read(combine_airports.path)}
    planes = {r["tailnum"]: aircraft(r) for r in read(validate_planes.path)}
    weather = {
        (r["origin"], r["hour_utc"]): r["conditions"]
        for r in read(transform_weather.path)
    }
    with rejecting(rejected_path, "flights") as rejects:

        def joined() -> Iterator[tuple[str, ...]]:
            for row in read(transform_flights.path):
                airline = airlines.get(row["carrier"])
                place = places.get(row["dest"])
                if airline is None or place is None:
                    missing = "airline" if airline is None else "airport"
                    rejects.add(row["id"], f"unknown {missing}", row)
                    continue
                hour = row.pop("weather_hour")
                yield (
                    *row.values(),
                    airline,
                    *planes.get(row["tailnum"], ("", "")),
                    *place,
                    weather.get((row["origin"], hour), ""),
                )

        rows = write(path, JOINED, joined())
    return Dataset(path, rows, rejected_path, rejects.count)


@action
def collect_rejected(previous_context: Context) -> Dataset:
    """All rows that were put aside, with their sources and reasons.

    A task with several upstream ones finds their results in its previous context, by
    name.
    """
    sources: dict[str, Dataset] = previous_context.storage
    paths = [s.rejected_path for s in sources.values() if s.rejected_path is not None]
    path = paths[0].with_name("rejected.csv")
    rows = (row.values() for source in paths for row in read(source))
    return Dataset(path, write(path, REJECTED, rows))


def aircraft(plane: Row) -> tuple[str, str]:
    """Name an aircraft, and the year it was built."""
    return f"{plane['manufacturer']} {plane['model']}", plane["year"]
