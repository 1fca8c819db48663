"""What the tests of the core share. Test folders are no packages, so it is fixtures."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from dotflow import Config
from dotflow.abc.notify import Notify
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite


@pytest.fixture(autouse=True)
def own_environment(monkeypatch, tmp_path):
    """Keep the variables and the configuration of whoever runs the tests out."""
    for name in (
        "DOTFLOW_OUTPUT_PATH",
        "SERVER_BASE_URL",
        "SERVER_USER_TOKEN",
        "WORKFLOW_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))


class StatusNotify(Notify):
    """Remembers each status it is told."""

    def __init__(self):
        self.heard = []

    def hook_status_task(self, task):
        self.heard.append((task.name, task.status))

    def of(self, name):
        return [status for heard, status in self.heard if heard == name]


@pytest.fixture
def notify():
    """A notifier that remembers: `notify.heard`, `notify.of(task_name)`."""
    return StatusNotify()


@pytest.fixture
def config(notify):
    """Providers in memory, with the recording notifier."""
    return Config(notify=notify)


@pytest.fixture
def run_script(tmp_path):
    """Run a script in a process of its own, in `tmp_path`."""

    def run(source, *arguments, **environment):
        script = tmp_path / "script.py"
        script.write_text(dedent(source), encoding="utf-8")
        return subprocess.run(
            [sys.executable, str(script), *arguments],
            cwd=tmp_path,
            # Buffered, as by default: else a line and its end are written one by one,
            # and lines of two workers mix.
            env={
                **os.environ,
                "PYTHONIOENCODING": "utf-8",
                "PYTHONUNBUFFERED": "",
                **environment,
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    return run


@pytest.fixture(params=["memory", "file", "sqlite"])
def storage(request, tmp_path):
    """Each of the built-in storages, which all have what a reset needs."""
    return {
        "memory": StorageDefault,
        "file": lambda: StorageFile(path=tmp_path),
        "sqlite": lambda: StorageSQLite(tmp_path / "runs.db"),
    }[request.param]()
