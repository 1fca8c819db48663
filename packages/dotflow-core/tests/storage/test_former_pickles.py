"""Pickles in stores that a former revision has written name the places of then."""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path

import pytest

from dotflow.providers import StorageSQLite

# Written by commit 2a5df1a, in Python 3.11.
STORED = json.loads(Path(__file__).with_name("former_pickles.json").read_text("utf-8"))
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


def _former(name):
    return pickle.loads(base64.b64decode(STORED[name]))


def test_a_former_storage_is_read():
    """The storage that a spilled map's results hold is revived under its new names."""
    storage = _former("sqlite")
    assert storage.codec.encode((1,)) == StorageSQLite("runs.db").codec.encode((1,))


def test_former_values_are_read():
    """What a former revision has pickled comes back as what it was."""
    assert _former("context").storage == {"a": 1}
    assert repr(_former("error")) == "InvalidTask('a sentence')"
    assert type(_former("config").storage).__name__ == "StorageFile"
    assert _former("run_summary").dag_name == "p"
    assert _former("task_spec").retries == 3
    assert _former("state_store").list_runs() == []


def test_a_former_task_is_read():
    """A task keeps its state and its identity, under the new names of both."""
    task = _former("task")
    assert (task.name, task.status, task.attempt) == ("extract", "Failed", 1)
    assert task.checkpoint_key == "w-extract"
    assert task.initial_context.storage == 5
    assert task.errors[0].exception == "TypeError"
    assert task.copy().status == "Not started"
