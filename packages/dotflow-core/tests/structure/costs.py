"""Counts what one more task of a run costs; prints it as JSON.

Two runs of a kind, one of them longer: what lies between them is that of the further
tasks alone. Counts tell the same on a busy machine, which no time does.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.providers import StorageSQLite

FEW, MANY = 100, 600
Made = tuple[Any, Callable[[], Any]]


@action
def nothing() -> None:
    """Do nothing: what is counted is all around it."""


@action
def rows_of() -> dict[str, int]:
    """Return a small result, which a history shows."""
    return {"rows": 123}


@action
def item_of(item: int) -> None:
    """Do nothing with an item."""


def durable(folder: Path, keep_runs: int) -> DotFlow:
    storage = StorageSQLite(folder / f"{keep_runs}.db", keep_runs=keep_runs)
    return DotFlow(Config(storage=storage), workflow_id="costs")


def chained(workflow: DotFlow, count: int, step: Any = nothing) -> Made:
    for _ in range(count):
        workflow.task.add(step)
    return workflow, workflow.start


def build(count: int, _folder: Path) -> Made:
    workflow = DotFlow()
    return workflow, lambda: chained(workflow, count)


def chain(count: int, _folder: Path) -> Made:
    return chained(DotFlow(), count)


def durable_chain(count: int, folder: Path) -> Made:
    return chained(durable(folder, 0), count)


def recorded_chain(count: int, folder: Path) -> Made:
    return chained(durable(folder, 1000), count)


def shown_chain(count: int, folder: Path) -> Made:
    return chained(durable(folder, 1000), count, rows_of)


def fan(count: int, _folder: Path) -> Made:
    workflow = DotFlow()
    workflow.task.add(nothing, name="source")
    for _ in range(count):
        workflow.task.add(nothing, depends_on="source")
    return workflow, workflow.start


def mapped(workflow: DotFlow, count: int) -> Made:
    workflow.task.add(action(lambda: list(range(count))), name="source")
    workflow.task.add(item_of, map_over="source")
    return workflow, workflow.start


def map_(count: int, _folder: Path) -> Made:
    return mapped(DotFlow(), count)


def durable_map(count: int, folder: Path) -> Made:
    return mapped(durable(folder, 0), count)


def pipeline(count: int, _folder: Path) -> Made:
    made = Pipeline("costs", max_parallel=None)

    async def nothing() -> None:
        """Do nothing, in an event loop."""

    for number in range(count):
        made.task(f"t{number}")(nothing)
    return made, made.run


KINDS = (
    build,
    chain,
    durable_chain,
    recorded_chain,
    shown_chain,
    fan,
    map_,
    durable_map,
    pipeline,
)


def calls(run: Callable[[], Any]) -> int:
    """Return how many functions are called, of Python and of C."""
    found = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return found


def kept(run: Callable[[], Any]) -> int:
    """Return how many bytes are allocated and still there afterwards."""
    tracemalloc.start()
    try:
        run()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def each(kind: Callable[[int, Path], Made], measure: Callable[..., int]) -> float:
    """Return what one more task adds to a figure."""
    found = []
    for count in (FEW, FEW, MANY):  # the first one imports what it needs
        with tempfile.TemporaryDirectory() as folder:
            made, run = kind(count, Path(folder))
            found.append(measure(run))
            if made.config.storage.persistent if isinstance(made, DotFlow) else False:
                made.config.storage.close()
    return (found[2] - found[1]) / (MANY - FEW)


if __name__ == "__main__":
    logging.getLogger("dotflow").handlers[:] = [logging.NullHandler()]
    logging.getLogger("dotflow").propagate = False
    print(
        json.dumps(
            {kind.__name__: [each(kind, calls), each(kind, kept)] for kind in KINDS}
        )
    )
