"""Counts the files of dotflow and the moves between them in one durable run.

    python walk.py sequential|pipeline TASKS

A first run warms what is imported late; a second one, with a new id, is counted in the
thread that runs it. Printed as JSON: `files` maps each file entered to the calls that
landed in it, `hops` counts the calls and returns from one file to another.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from types import FrameType
from typing import Any

import dotflow
from dotflow import Config, DotFlow, Pipeline, SQLiteStateStore, action
from dotflow.providers import LogDefault, StorageSQLite

ROOT = os.path.dirname(dotflow.__file__) + os.sep


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
    """Return what runs a pipeline of such a chain."""
    flow = Pipeline("walk", state_store=SQLiteStateStore("state.db"))

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
            self.files[to] += 1
            self._stack.append(to)
        else:
            if self._stack:
                self._stack.pop()
            to = self._stack[-1] if self._stack else ""
        if self._at and to and to != self._at:
            self.hops += 1
        self._at = to


def main(kind: str, tasks: int) -> None:
    """Count one run and print what was found."""
    make = {"sequential": sequential, "pipeline": pipeline}[kind]
    make(tasks, 0)()
    start = make(tasks, 1)
    walk = Walk()
    sys.setprofile(walk)
    try:
        start()
    finally:
        sys.setprofile(None)
    json.dump({"hops": walk.hops, "files": walk.files}, sys.stdout)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            main(sys.argv[1], int(sys.argv[2]))
        finally:
            os.chdir(os.path.dirname(folder))
