"""A task mapped over a million items of a generator, and what it keeps in memory."""

from __future__ import annotations

import tempfile

from benchmarks.chains import time_runs
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

# Run in a process of its own: prints the peak memory in KiB, as Linux tells it.
PEAK = """
from benchmarks.maps import build_map
from benchmarks.chains import silence_logging
silence_logging()
build_map(int({length})).start()
# Of this process alone: getrusage would count what it was forked from as well.
with open("/proc/self/status") as file:
    print(next(line.split()[1] for line in file if line.startswith("VmHWM")))
"""


@action
def nothing(item: int) -> None:
    """Do nothing with an item."""


@action
def given() -> None:
    """Do nothing, in a workflow within a map."""


def build_map(length: int, workflow: DotFlow | None = None) -> DotFlow:
    """Return a workflow that maps a step over a generator of `length` items."""
    workflow = DotFlow() if workflow is None else workflow
    numbers = action(lambda: (number for number in range(length)))
    workflow.task.add(numbers, name="numbers")
    workflow.task.add(nothing, map_over="numbers")
    return workflow


def time_map(loops: int, length: int) -> float:
    """Time `start()` of a map; seconds."""
    return time_runs(loops, lambda: build_map(length))


def time_sub_workflows(loops: int, length: int) -> float:
    """Time `start()` of a map that runs a workflow of two steps an item; seconds."""

    def build() -> DotFlow:
        workflow, inner = DotFlow(), DotFlow()
        inner.task.add(given)
        inner.task.add(given)
        workflow.task.add(action(lambda: list(range(length))), name="numbers")
        workflow.task.add(inner, map_over="numbers", name="inner")
        return workflow

    return time_runs(loops, build)


def time_durable_map(
    loops: int, length: int, mode: str = "threads", synchronous: str = "NORMAL"
) -> float:
    """Time `start()` of a map whose items have a checkpoint each; seconds."""
    total = 0.0
    for _ in range(loops):
        with tempfile.TemporaryDirectory() as folder:
            storage = StorageSQLite(f"{folder}/runs.db", synchronous=synchronous)
            workflow = DotFlow(Config(storage=storage), workflow_id="map")
            total += time_runs(1, lambda: build_map(length, workflow), mode)  # noqa: B023
            storage.close()
    return total


def peak_memory(length: int) -> int:
    """Return the peak memory of a process that runs a map, in bytes."""
    import subprocess
    import sys

    code = PEAK.format(length=length)
    out = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return int(out.stdout) * 1024
