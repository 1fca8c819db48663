"""Luigi, whose tasks are known by the targets that they leave."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from pathlib import Path

import luigi
from luigi.mock import MockTarget
from workload import CHAIN, FAN, SPINS, measure, spin


class _Task(luigi.Task):
    n = luigi.IntParameter()
    folder = luigi.Parameter()  # "" for targets in memory
    run_id = luigi.Parameter()

    def output(self):
        name = f"{self.run_id}-{type(self).__name__}-{self.n}.json"
        if self.folder:
            return luigi.LocalTarget(str(Path(self.folder) / name))
        return MockTarget(name)

    def _same(self, kind, n):
        return kind(n=n, folder=self.folder, run_id=self.run_id)

    def _leave(self, value):
        with self.output().open("w") as file:
            file.write(json.dumps(value))


def _read(target):
    with target.open() as file:
        return json.loads(file.read())


class AddOne(_Task):
    """Adds one to what the one before it has left."""

    def requires(self):
        """Return the one before."""
        return self._same(AddOne, self.n - 1) if self.n else []

    def run(self):
        """Add one."""
        self._leave(_read(self.input()) + 1 if self.n else 1)


class Number(_Task):
    """Leaves its number."""

    def run(self):
        """Leave it."""
        self._leave(self.n)


class Total(_Task):
    """Adds up."""

    def requires(self):
        """Return what it adds up."""
        return [self._same(Number, n) for n in range(self.n)]

    def run(self):
        """Add up."""
        self._leave(sum(map(_read, self.input())))


class Spin(_Task):
    """Uses the processor for 20 ms."""

    def run(self):
        """Use it."""
        self._leave(spin())


def _run(tasks, workers: int = 1):
    luigi.build(tasks, local_scheduler=True, workers=workers, log_level="ERROR")
    return tasks


def _task(kind, n: int, folder: str = ""):
    return kind(n=n, folder=folder, run_id=uuid.uuid4().hex)


def _chain(folder: Path | str = "") -> int:
    return _read(_run([_task(AddOne, CHAIN - 1, str(folder))])[0].output())


def _fan() -> int:
    return _read(_run([_task(Total, FAN)])[0].output())


def _spins() -> int:
    with tempfile.TemporaryDirectory() as folder:
        tasks = [_task(Spin, n, folder) for n in range(SPINS)]
        _run(tasks, len(os.sched_getaffinity(0)))
        return sum(task.complete() for task in tasks)


# Once: a further build in one process did not always end.
measure(chain=_chain, fan=_fan, durable=_chain, spins=_spins, repeats=1)
