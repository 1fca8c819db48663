"""Counts the files of dotflow and the moves between them in one durable run.

    python walk.py sequential|pipeline TASKS

A first run warms what is imported late; further ones, each with a new id, are counted in
the thread that runs them, and the shortest tells: a slow machine may write the history's
rows in the middle of one. Printed as JSON: `files` maps each file entered to the calls that
land in it from another one, `hops` counts the calls and returns between two files.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dotflow
from dotflow import Config, DotFlow, Pipeline, SQLiteStateStore, action
from dotflow.providers import LogDefault, StorageDefault, StorageSQLite

if TYPE_CHECKING:
    from types import FrameType

ROOT = str(Path(dotflow.__file__).parent) + os.sep


class Quiet(LogDefault):
    """Listens, and writes nothing."""

    def info(self, **kwargs: object) -> None: ...
    def error(self, **kwargs: object) -> None: ...
    def warning(self, **kwargs: object) -> None: ...


@action
def one() -> int:
    return 1


def sequential(tasks: int, number: int) -> Any:
    """Return what starts a chain of tasks with a checkpoint each, and a history."""
    config = Config(storage=StorageSQLite("runs.db"), log=Quiet())
    flow = DotFlow(config, workflow_id=f"walk-{number}")
    for _ in range(tasks):
        flow.task.add(one)
    return flow.start


def pipeline(tasks: int, number: int) -> Any:
    """Return what runs a pipeline of such a chain, without a history."""
    store = SQLiteStateStore("state.db")
    flow = Pipeline("walk", state_store=store, storage=StorageDefault())

    def one() -> int:
        return 1

    for place in range(tasks):
        flow.task(name=f"t{place}", deps=[f"t{place - 1}"] if place else [])(one)
    return flow.run


class Walk:
    """A profile function that notes each step from file to file."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()
        self.hops = 0
        self._stack: list[str] = []
        self._at = ""

    def __call__(self, frame: FrameType, event: str, _value: object) -> None:
        name = frame.f_code.co_filename
        if event not in ("call", "return") or not name.startswith(ROOT):
            return
        if event == "call":
            to = name[len(ROOT) :].replace(os.sep, "/")
            # Not what a file calls of itself: that may depend on the clock.
            self.files[to] += to != self._at
            self._stack.append(to)
        else:
            if self._stack:
                self._stack.pop()
            to = self._stack[-1] if self._stack else ""
        if self._at and to and to != self._at:
            self.hops += 1
        self._at = to


def main(kind: str, tasks: int) -> None:
    """Count a few runs and print what was found of the shortest."""
    make = {"sequential": sequential, "pipeline": pipeline}[kind]
    make(tasks, 0)()
    walks = []
    for number in range(1, 6):
        start = make(tasks, number)
        walk = Walk()
        sys.setprofile(walk)
        try:
            start()
        finally:
            sys.setprofile(None)
        walks.append(walk)
    walk = min(walks, key=lambda found: found.hops)
    json.dump({"hops": walk.hops, "files": walk.files}, sys.stdout)


if __name__ == "__main__":
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            main(sys.argv[1], int(sys.argv[2]))
        finally:
            os.chdir(here)  # Windows removes no folder that somebody stands in
