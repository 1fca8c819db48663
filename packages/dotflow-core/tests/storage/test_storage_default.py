"""StorageDefault: values in memory, as they are."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from dotflow.model.context import Context
from dotflow.providers.storage_default import StorageDefault


class Frame:
    """Compares item by item, as arrays and data frames do."""

    def __init__(self, items):
        self.items = items

    def __eq__(self, other):
        return [one == two for one, two in zip(self.items, other.items, strict=True)]

    __hash__ = None


class Refusing:
    """Refuses to be compared."""

    def __eq__(self, _other):
        raise ValueError("ambiguous")

    __hash__ = None


def test_values_are_kept_as_they_are():
    """Any object is stored, and the very same one comes back."""
    storage = StorageDefault()
    value = (n for n in "ab")
    storage.post("k", Context(value))
    assert storage.get("k").storage is value
    assert storage.persistent is False


def test_key_is_the_checkpoint_key():
    """The key of a task is its checkpoint key."""
    task = SimpleNamespace(checkpoint_key="wf-extract")
    assert StorageDefault().key(task) == "wf-extract"


def test_storages_are_separate():
    """Two storages share nothing."""
    one, other = StorageDefault(), StorageDefault()
    one.post("k", Context(1))
    assert other.list_keys() == []


@pytest.mark.parametrize("make", [lambda n: Frame([n, 2]), lambda _n: Refusing()])
def test_swap_of_values_that_do_not_compare(make):
    """A value whose `==` gives no yes or no is compared by its stored form."""
    storage = StorageDefault()
    storage.post("k", Context(make(1)))
    assert storage.atomic_swap("k", Context(make(1)), Context("new")) is True
    storage.post("k", Context(Frame([1])))
    assert storage.atomic_swap("k", Context(Frame([2])), Context("new")) is False


def test_swap_tells_types_apart():
    """True is not 1, and a list is no tuple."""
    storage = StorageDefault()
    storage.post("k", Context(1))
    assert storage.atomic_swap("k", Context(True), Context(2)) is False
    assert storage.atomic_swap("k", Context(1), Context(2)) is True


def test_expired_keys_are_removed():
    """Keys with a ttl do not pile up in memory."""
    storage = StorageDefault()
    for number in range(10_000):
        storage.post(f"k{number}", Context(number), ttl=1e-6)
    assert len(storage._contexts) < 1000


def test_import_is_light():
    """The storage of the default config brings in nothing heavy."""
    heavy = {
        "asyncio",
        "dataclasses",
        "inspect",
        "json",
        "pickle",
        "sqlite3",
        "pathlib",
    }
    code = (
        "import sys; before = set(sys.modules);"
        "import dotflow.providers.storage_default;"
        f"print(*({heavy!r} & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": _source()},
    )
    assert done.stdout.split() == []


def _source():
    from pathlib import Path

    import dotflow.abc.storage

    return str(Path(dotflow.abc.storage.__file__).parents[2])
