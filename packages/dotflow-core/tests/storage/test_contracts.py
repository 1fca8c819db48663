"""The storages of the core pass the contract, under pytest and under unittest."""

from __future__ import annotations

import functools
import shutil
import tempfile
import unittest

import pytest

from dotflow.abc.storage import Storage
from dotflow.model.context import Context
from dotflow.providers.storage_default import StorageDefault
from dotflow.providers.storage_file import StorageFile
from dotflow.providers.storage_sqlite import StorageSQLite
from dotflow.testing.storage import StorageContract


class TestStorageDefault(StorageContract):
    persistent = False

    def make_storage(self):
        return StorageDefault()


class _InFolder:
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path / "output"


class TestStorageFile(_InFolder, StorageContract):
    def make_storage(self):
        return StorageFile(path=self.folder)

    def storage_factory(self):
        return functools.partial(StorageFile, path=self.folder)


class TestStorageFileJson(_InFolder, StorageContract):
    def make_storage(self):
        return StorageFile(path=self.folder, codec="json", synchronous="NORMAL")

    def storage_factory(self):
        return functools.partial(
            StorageFile, path=self.folder, codec="json", synchronous="NORMAL"
        )


class TestStorageSQLite(_InFolder, StorageContract):
    def make_storage(self):
        return StorageSQLite(self.folder / "runs.db")

    def storage_factory(self):
        return functools.partial(StorageSQLite, self.folder / "runs.db")


class TestStorageSQLiteNormal(_InFolder, StorageContract):
    def make_storage(self):
        return StorageSQLite(self.folder / "runs.db", synchronous="normal")

    def storage_factory(self):
        path = self.folder / "runs.db"
        return functools.partial(StorageSQLite, path, synchronous="normal")


class TestUnderUnittest(StorageContract, unittest.TestCase):
    def make_storage(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        return StorageFile(path=self.folder)

    def storage_factory(self):
        return functools.partial(StorageFile, path=self.folder)


class Minimal(Storage):
    """As the documentation of dotflow 1.x writes one."""

    def __init__(self):
        self.values = {}

    def post(self, key, context):
        self.values[key] = context.storage

    def get(self, key):
        return Context(storage=self.values.get(key))

    def key(self, task):
        return f"{task.workflow_id}:{task.task_id}"


class Listing(Minimal):
    def delete(self, key):
        return self.values.pop(key, self) is not self

    def list_keys(self, prefix=""):
        return [key for key in self.values if key.startswith(prefix)]


def test_minimal_storage_needs_three_methods():
    """A storage of dotflow 1.x, with `post` of two parameters, still is one."""
    storage = Minimal()
    storage.post("k", Context(1))
    assert storage.get("k").storage == 1
    assert storage.persistent is True
    storage.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda storage: storage.delete("k"),
        lambda storage: storage.list_keys(),
        lambda storage: storage.delete_prefix("k"),
        lambda storage: storage.clear("wf"),
        lambda storage: storage.atomic_swap("k", None, Context(1)),
        lambda storage: storage.get_fingerprint("k"),
    ],
)
def test_missing_method_says_what_to_override(call):
    """A method that a storage does not have names itself and the class."""
    with pytest.raises(NotImplementedError, match=r"Minimal has no \w+\(\)\. Override"):
        call(Minimal())


def test_clear_and_prefix_come_with_list_keys_and_delete():
    """Two methods are enough for `clear` and `delete_prefix` to work."""
    storage = Listing()
    for key in ("wf-a", "wf-b", "x-a"):
        storage.post(key, Context(1))
    assert storage.delete_prefix("x-") == 1
    storage.clear("wf")
    assert storage.list_keys() == []


def test_abstract_methods_are_required():
    """A storage without `key` cannot be made."""

    class Partial(Storage):
        def post(self, key, context, ttl=None, fingerprint=None): ...

        def get(self, key): ...

    with pytest.raises(TypeError, match="key"):
        Partial()


def test_testing_names_resolve():
    """`dotflow.testing` offers every name that it lists."""
    import dotflow.testing

    for name in dotflow.testing.__all__:
        assert getattr(dotflow.testing, name).__name__ == name
        assert name in dir(dotflow.testing)
    with pytest.raises(AttributeError, match="Nothing"):
        _ = dotflow.testing.Nothing
