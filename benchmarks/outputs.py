"""What it costs to keep what steps print: of a chain that is silent, and of a flood."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.chains import build_chain, time_runs
from dotflow import Config, action
from dotflow.providers import LogDefault, StorageSQLite

MILLION = 1_000_000


@action
def flood() -> None:
    """Print a million lines."""
    for number in range(MILLION):
        print("line", number)


def time_silent_chain(loops: int, length: int, capture: bool) -> float:
    """Time `start()` of a chain with a history whose steps print nothing; seconds."""
    with tempfile.TemporaryDirectory() as folder:
        storage = StorageSQLite(f"{folder}/runs.db", synchronous="NORMAL")
        config = Config(storage=storage, capture=capture)
        total = time_runs(loops, lambda: build_chain(length, config=config))
        storage.close()
    return total


def time_flood(loops: int, capture: bool) -> float:
    """Time a step that prints a million lines to nowhere; seconds."""
    null = Path(os.devnull).open("w")  # noqa: SIM115 - closed below
    with (
        tempfile.TemporaryDirectory() as folder,
        null,
        contextlib.redirect_stdout(null),
    ):
        storage = StorageSQLite(f"{folder}/runs.db", synchronous="NORMAL")
        config = Config(storage=storage, capture=capture, log=LogDefault("ERROR"))
        total = time_runs(loops, lambda: build_chain(1, flood, config))
        storage.close()
    return total


def peak_memory(capture: bool) -> int:
    """Return the most memory of a process that prints a million lines; bytes."""
    code = (
        "import resource; from benchmarks import outputs;"
        f" outputs.time_flood(1, {capture});"
        " print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)
