"""What `progress` costs where nobody listens, and where a history does."""

from __future__ import annotations

import tempfile
import time

from benchmarks.chains import silence_logging
from dotflow import Config, DotFlow, action, progress
from dotflow.providers import StorageSQLite

ROWS = 300_000


def time_plain_loop(loops: int) -> float:
    """Time a loop over rows; seconds."""
    started = time.perf_counter()
    for _ in range(loops):
        for _row in range(ROWS):
            pass
    return time.perf_counter() - started


def time_rows(loops: int) -> float:
    """Time the same over `progress(rows)`; seconds."""
    started = time.perf_counter()
    for _ in range(loops):
        for _row in progress(range(ROWS)):
            pass
    return time.perf_counter() - started


def time_numbers(loops: int) -> float:
    """Time the same with a call of `progress(done, total)` each; seconds."""
    started = time.perf_counter()
    for _ in range(loops):
        for row in range(ROWS):
            progress(row, ROWS)
    return time.perf_counter() - started


def time_heard(loops: int) -> float:
    """Time `progress(rows)` in a step of a run with a history; seconds."""
    took: list[float] = []

    @action
    def step() -> None:
        took.append(time_rows(loops))

    silence_logging()
    with tempfile.TemporaryDirectory() as folder:
        storage = StorageSQLite(f"{folder}/runs.db", synchronous="NORMAL")
        workflow = DotFlow(Config(storage=storage))
        workflow.task.add(step)
        workflow.start()
        storage.close()
    return took[0]
