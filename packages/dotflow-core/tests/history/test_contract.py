"""The histories of the core pass the contract, as does one of a user's storage."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import pytest

from dotflow import Context
from dotflow.abc.storage import Storage
from dotflow.providers import StorageFile, StorageSQLite
from dotflow.testing import HistoryContract
from dotflow.testing.history_processes import HistoryProcessTests


class StorageOwn(Storage):
    """What a user writes: no more than the methods that a history needs."""

    shared = True

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)

    def post(self, key, context):
        path = self._path(key)
        beside = path.with_suffix(f".{os.urandom(4).hex()}")
        beside.write_text(json.dumps([key, context.storage, context.run_id]))
        beside.rename(path)

    def get(self, key):
        try:
            _, value, run_id = json.loads(self._path(key).read_text())
        except FileNotFoundError:
            return Context()
        found = Context(value, task_id="t")
        found.run_id = run_id
        return found

    def key(self, task):
        return task.checkpoint_key

    def delete(self, key):
        there = self._path(key).exists()
        self._path(key).unlink(missing_ok=True)
        return there

    def list_keys(self, prefix=""):
        found = [json.loads(p.read_text())[0] for p in self.folder.glob("*.json")]
        return sorted(key for key in found if key.startswith(prefix))

    def _path(self, key):
        return self.folder / f"{key.encode('utf-8', 'surrogatepass').hex()}.json"


class _InFolder:
    make: type[Storage]
    keep_runs: int | None = 1000

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.place = tmp_path / "place"

    def make_storage(self):
        return self.storage_factory()()

    def storage_factory(self):
        return functools.partial(self.make, self.place, keep_runs=self.keep_runs)


class TestSQLite(_InFolder, HistoryContract):
    make = StorageSQLite


class TestFile(_InFolder, HistoryContract):
    make = StorageFile


class TestOwn(_InFolder, HistoryContract):
    make = StorageOwn

    def make_storage(self):
        return StorageOwn(self.place)

    def storage_factory(self):
        return None  # no other process knows this module

    make_second_storage = make_storage


class _ForAMinute(_InFolder, HistoryProcessTests):
    seconds = 60.0
    keep_runs = None


@pytest.mark.soak
class TestSQLiteForAMinute(_ForAMinute):
    make = StorageSQLite


@pytest.mark.soak
class TestFileForAMinute(_ForAMinute):
    make = StorageFile
