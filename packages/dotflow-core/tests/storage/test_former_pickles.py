"""Pickles in stores that a former revision has written name the places of then."""

from __future__ import annotations

import pickle

import pytest

from dotflow.providers import StorageSQLite

FORMER = {
    "dotflow.core.action": "Action _named _restored",
    "dotflow.core.callbacks": "basic_callback",
    "dotflow.core.context": "Context",
    "dotflow.core.exception": "StorageError",
    "dotflow.core.task": "Task TaskError",
    "dotflow.engine.items": "MappedResults ItemKey",
    "dotflow.engine.retry": "RetryPolicy",
    "dotflow.pipeline.context": "RunContext",
}


@pytest.mark.parametrize(
    ("module", "name"),
    [(module, name) for module, names in FORMER.items() for name in names.split()],
)
def test_a_former_place_is_found(module, name):
    """Whatever a stored pickle may name is found where it was."""
    found = pickle.loads(f"c{module}\n{name}\n.".encode())
    assert found.__name__ == name


def test_a_former_storage_is_read(tmp_path):
    """The storage that a spilled map's results hold is revived under its new names."""
    storage = StorageSQLite(tmp_path / "runs.db")
    state = storage.__getstate__()
    state["_codec"], state["_retention"] = state.pop("codec"), state.pop("retention")
    revived = StorageSQLite.__new__(StorageSQLite)
    revived.__setstate__(state)
    assert revived.codec is storage.codec
    assert revived.retention is storage.retention
    storage.close()
