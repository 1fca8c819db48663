"""Load the rows that are right, and put the others aside with the reason."""

from __future__ import annotations

import csv
import json
import sys
from datetime import date
from pathlib import Path

from pydantic import BaseModel, PositiveInt, ValidationError

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import LogDefault

MOST_BAD = 0.25


class Order(BaseModel):
    """A row as it has to be."""

    id: PositiveInt
    amount: PositiveInt
    day: date


@action
def extract(initial_context: Context) -> list[dict[str, str]]:
    """Read the rows."""
    with Path(initial_context.storage).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@action
def transform(previous_context: Context) -> dict[str, list[Order]]:
    """Check each row; write those that are bad to `rejected.jsonl`."""
    good, bad = [], []
    for line, row in enumerate(previous_context.storage, start=2):
        try:
            good.append(Order(**row))
        except ValidationError as error:
            first = error.errors()[0]
            why = f"{first['loc'][0]}: {first['msg']}"
            bad.append(json.dumps({"line": line, "row": row, "why": why}) + "\n")
    part = Path("rejected.jsonl.new")
    part.write_text("".join(bad), "utf-8")
    part.replace("rejected.jsonl")  # whole, also when a retry comes after a kill
    if len(bad) > MOST_BAD * (len(good) + len(bad)):
        raise ValueError(
            f"{len(bad)} of {len(good) + len(bad)} rows are bad, more than"
            f" {MOST_BAD * 100:.0f} %: see rejected.jsonl"
        )
    return {"good": good, "bad": bad}  # type: ignore[dict-item]


@action
def load(previous_context: Context) -> str:
    """Load the good rows; here it only counts them."""
    rows = previous_context.storage
    return f"{len(rows['good'])} orders loaded, {len(rows['bad'])} put aside"


if __name__ == "__main__":
    workflow = DotFlow(Config(log=LogDefault(output="file", path="flow.log")))
    workflow.task.add(extract, initial_context=sys.argv[1])
    workflow.task.add([transform, load])
    report = workflow.start().report()
    for task in report.tasks:
        if task.error is not None:
            print(f"{task.name}: {task.error.message}")
            sys.exit(1)
    print(workflow.result_storage()[-1])
