"""Load: write the SQLite database, whole or not at all."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from dataset import Dataset, replacing
from dotflow import Context, action

SCHEMA = """
CREATE TABLE airlines (carrier TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE airports (
    code TEXT PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL,
    lat REAL NOT NULL, lon REAL NOT NULL, time_zone TEXT, source TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE planes (
    tailnum TEXT PRIMARY KEY, year INTEGER, type TEXT, manufacturer TEXT, model TEXT,
    engines INTEGER, seats INTEGER, speed INTEGER, engine TEXT
) WITHOUT ROWID;

CREATE TABLE weather (
    origin TEXT, hour_utc TEXT, conditions TEXT NOT NULL, temperature_f REAL NOT NULL,
    wind_mph REAL NOT NULL, precipitation_in REAL NOT NULL,
    visibility_miles REAL NOT NULL,
    PRIMARY KEY (origin, hour_utc)
) WITHOUT ROWID;

CREATE TABLE flights (
    id INTEGER PRIMARY KEY, scheduled_utc TEXT NOT NULL,
    carrier TEXT NOT NULL REFERENCES airlines, flight INTEGER NOT NULL, tailnum TEXT,
    origin TEXT NOT NULL REFERENCES airports, dest TEXT NOT NULL REFERENCES airports,
    outcome TEXT NOT NULL, dep_delay INTEGER, arr_delay INTEGER, air_time INTEGER,
    distance INTEGER NOT NULL, airline TEXT NOT NULL, aircraft TEXT,
    aircraft_year INTEGER, dest_name TEXT NOT NULL, dest_country TEXT NOT NULL,
    conditions TEXT
);

CREATE TABLE rejected (
    source TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL, row TEXT NOT NULL
);
"""


@action
def load(
    join_flights: Dataset,
    transform_weather: Dataset,
    validate_planes: Dataset,
    validate_airlines: Dataset,
    combine_airports: Dataset,
    collect_rejected: Dataset,
    initial_context: Context,
) -> Path:
    """The database, in place of the one of a former run.

    It is built under another name and renamed, so neither a reader nor a killed run
    ever sees half of it, and a repeated load leaves the same database.
    """
    tables = {
        "airlines": validate_airlines,
        "airports": combine_airports,
        "planes": validate_planes,
        "weather": transform_weather,
        "flights": join_flights,
        "rejected": collect_rejected,
    }
    path: Path = initial_context.storage.database
    with replacing(path) as part, closing(sqlite3.connect(part)) as database:
        # The file counts only once it is renamed: until then nothing has to be safe.
        database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        database.executescript(SCHEMA)
        with database:
            for table, source in tables.items():
                fill(database, table, source)
    return path


def fill(database: sqlite3.Connection, table: str, source: Dataset) -> None:
    """Insert the rows of a file into a table; an empty cell becomes NULL."""
    with source.path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows)
        # The number of the line in the source has done its work by now.
        skipped = 1 if names[0] == "line" else 0
        names = names[skipped:]
        places = ", ".join("?" * len(names))
        # All of these names are our own: no value gets into the text.
        insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"  # noqa: S608
        database.executemany(insert, cells(rows, skipped))


def cells(rows: Iterator[list[str]], skipped: int) -> Iterator[list[str | None]]:
    """Yield rows without their first `skipped` cells and with None for empty ones."""
    for row in rows:
        yield [cell or None for cell in row[skipped:]]
