"""The same workflow for each day between two."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite

LATE = date(2026, 1, 30)


@action
def extract(initial_context: Context) -> int:
    """Ask the source for a day's rows; one day is late there."""
    day = initial_context.storage
    if day == LATE and "--data-is-there" not in sys.argv:
        raise LookupError("the source has no data so far")
    return int(day.day - 18)


@action
def load(previous_context: Context) -> str:
    """Write a day's rows, replacing those of the same day."""
    return f"{previous_context.storage} rows"


def build(day: date) -> DotFlow:
    """Return the workflow of one day."""
    config = Config(
        storage=StorageSQLite("backfill.db"),
        log=LogDefault(output="file", path="flow.log"),
    )
    workflow = DotFlow(config, workflow_id=f"day-{day}")
    workflow.task.add(extract, initial_context=day)
    workflow.task.add(load)
    return workflow


def days(first: date, last: date) -> Iterator[date]:
    """Return each day from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


if __name__ == "__main__":
    for day in days(*map(date.fromisoformat, sys.argv[1:3])):
        workflow = build(day)
        report = workflow.start(resume=True).report()
        problems = [task.error.message for task in report.tasks if task.error]
        before = ", from before" if all(task.restored for task in report.tasks) else ""
        said = problems[0] if problems else f"{workflow.result_storage()[-1]}{before}"
        print(day, report.status, said)
