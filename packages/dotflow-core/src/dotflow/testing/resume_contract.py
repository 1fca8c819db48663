"""A suite for what a durable storage is for: runs that are killed, and go on elsewhere.

Each run is a Python process of its own that opens the storage by its address, so that
nothing but the storage can tell the second one what the first one did.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from tempfile import TemporaryDirectory

_PROGRAM = """
import os, signal, sys
from datetime import date

from dotflow import Config, DotFlow, action
from dotflow.providers.storage_url import storage_from_url


def note(text):
    with open("ran", "a") as file:
        print(text, file=file)


def die_in(name):
    if name in sys.argv:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


@action
def extract():
    note("extract")
    return {"day": date(2013, 1, 31), "rows": (1, 2, 3)}


@action
def transform(previous_context):
    note("transform")
    die_in("transform")
    data = previous_context.storage
    return data["day"], sum(data["rows"])


@action
def check(previous_context):
    note("check")
    assert previous_context.storage == (date(2013, 1, 31), 6)


@action
def load(previous_context):
    note("load")
    die_in("load")
    return previous_context.storage


storage = storage_from_url(os.environ["STORAGE_UNDER_TEST"])
workflow = DotFlow(config=Config(storage=storage), workflow_id=sys.argv[1])
for step in (extract, transform, check, load):
    workflow.task.add(step)
workflow.start(resume=True)
assert [task.status for task in workflow.result_task()] == ["Completed"] * 4
assert workflow.result_storage()[1:] == [(date(2013, 1, 31), 6), None, None]
storage.close()
"""


class ResumeSuite:
    """Runs a program in processes of their own, which share a storage by its address."""

    _program: str

    def storage_url(self) -> str:
        """Return the address that a new process opens the storage with.

        The scheme is registered in the entry-point group `dotflow.storages`.
        """
        raise NotImplementedError("storage_url: return the storage's address")

    def _killed(self, folder: str, workflow_id: str, *where: str) -> None:
        result = self._run(folder, workflow_id, *where)
        expected = -getattr(signal, "SIGKILL", signal.SIGTERM)
        # Windows has no signals: there the process ends with the number itself.
        assert result.returncode in (expected, -expected), result.stderr

    def _completed(self, folder: str, workflow_id: str, *where: str) -> str:
        result = self._run(folder, workflow_id, *where)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def _run(self, folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        program = Path(folder, "program.py")
        program.write_text(self._program, encoding="utf-8")
        return subprocess.run(
            [sys.executable, program, *arguments],
            cwd=folder,
            env=os.environ | {"STORAGE_UNDER_TEST": self.storage_url()},
            capture_output=True,
            text=True,
        )


class StorageResumeContract(ResumeSuite):
    """Tests of a storage with an address, for pytest and, as a mixin, for unittest.

    Example:
        ```python
        class TestMine(StorageResumeContract):
            def storage_url(self):
                return "mine://localhost/tests"
        ```
    """

    _program = _PROGRAM

    def test_killed_run_goes_on_in_a_new_process(self) -> None:
        """After a kill in a task, another process repeats that task and no other."""
        name = uuid.uuid4().hex
        with TemporaryDirectory() as folder:
            self._killed(folder, name, "transform")
            self._completed(folder, name)
            ran = ["extract", "transform", "transform", "check", "load"]
            assert ran_in(folder) == ran

    def test_a_stored_none_is_not_computed_again(self) -> None:
        """A task that returned None is as complete as any other."""
        name = uuid.uuid4().hex
        with TemporaryDirectory() as folder:
            self._killed(folder, name, "load")
            self._completed(folder, name)
            assert ran_in(folder).count("check") == 1

    def test_completed_run_is_restored(self) -> None:
        """What is complete is restored, value by value, and nothing runs again."""
        name = uuid.uuid4().hex
        with TemporaryDirectory() as folder:
            self._completed(folder, name)
            self._completed(folder, name)
            assert ran_in(folder) == ["extract", "transform", "check", "load"]


def ran_in(folder: str) -> list[str]:
    """Return what the programs have noted in a folder, in their order."""
    return Path(folder, "ran").read_text(encoding="utf-8").split()
