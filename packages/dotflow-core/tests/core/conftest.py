"""What the tests of the core share. Test folders are no packages, so it is fixtures."""

from __future__ import annotations

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


@pytest.fixture(params=["memory", "file", "sqlite"])
def storage(request, tmp_path):
    """Each of the built-in storages, which all have what a reset needs."""
    return {
        "memory": StorageDefault,
        "file": lambda: StorageFile(path=tmp_path),
        "sqlite": lambda: StorageSQLite(tmp_path / "runs.db"),
    }[request.param]()
