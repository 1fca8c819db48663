"""What is stored can be read back: a value that cannot is refused when it is written."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from dotflow import Config, DotFlow, Pipeline, SQLiteStateStore, action
from dotflow.codec import pickles
from dotflow.codec.codec import Codec
from dotflow.errors import EncodeError
from dotflow.pipeline.serializers import PickleSerializer
from dotflow.providers import StorageFile, StorageSQLite


class Refused(Exception):
    """An error that pickles, and asks for more than its pickle gives when it is read."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")


class Fragile:
    """An object that is read back as long as nobody says otherwise."""

    def __init__(self, broken=False):
        self.broken = broken

    def __setstate__(self, state):
        if state["broken"]:
            raise RuntimeError("not any more")
        self.__dict__.update(state)


class Other:
    """Any object."""


class Sly:
    """An object whose pickle names what is not there."""

    def __reduce__(self):
        return (Sly.gone, ())

    @staticmethod
    def gone():
        raise LookupError("gone")


VALUES = {
    "error": lambda: Refused(402, "no money"),
    "in a list": lambda: [1, Refused(402, "no money")],
    "twice": lambda: {"a": Refused(1, "a"), "b": Refused(2, "b")},
    "state": lambda: Fragile(broken=True),
    "made by": lambda: Sly(),
}


@pytest.fixture(params=VALUES)
def value(request):
    return VALUES[request.param]()


@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_the_task_fails_when_it_is_stored(tmp_path, kind, value):
    """It names the task and the type, and the resume runs the task again."""

    def start(result, **options):
        storage = {
            "file": lambda: StorageFile(path=tmp_path),
            "sqlite": lambda: StorageSQLite(tmp_path / "runs.db"),
        }[kind]()
        flow = DotFlow(Config(storage=storage), workflow_id="shop")
        flow.task.add(action(lambda: result), name="check")
        flow.start(**options)
        return flow.result_task()[0]

    failed = start(value)
    assert failed.status == "Failed"
    assert "'check'" in failed.reason
    assert "not read back" in failed.reason
    assert any(name in failed.reason for name in ("Refused", "Fragile", "Sly"))
    assert start(402, resume=True).current_context.storage == 402


@pytest.mark.parametrize(
    "serializer", [None, PickleSerializer()], ids=["any", "pickle"]
)
def test_the_task_of_a_pipeline_fails(tmp_path, serializer, value):
    """A state store refuses it likewise, for an item of a map as well."""
    store = SQLiteStateStore(tmp_path / "runs.db", serializer)
    pipeline = Pipeline("p", state_store=store)
    pipeline.task(name="check")(lambda: value)
    pipeline.task(name="rows")(lambda: [1])
    pipeline.task(name="each", map="rows")(lambda item: value)
    tasks = pipeline.get_run_report(asyncio.run(pipeline.run_once()))["tasks"]
    for name in ("check", "each"):
        assert tasks[name]["status"] == "FAILED"
        assert "not read back" in tasks[name]["error"]


def test_a_swapped_value(tmp_path, value):
    """A swap refuses it, too, and leaves what is there."""
    from dotflow import Context

    storage = StorageSQLite(tmp_path / "runs.db")
    storage.post("k", Context(1, "t"))
    with pytest.raises(EncodeError, match="not read back"):
        storage.atomic_swap("k", Context(1, "t"), Context(value, "t"))
    assert storage.get("k").storage == 1


def test_a_large_value_is_read_back_once_a_class(monkeypatch):
    """A large value of classes that were read back before is trusted; no other is."""
    codec, reads = Codec(pickle=True), []
    monkeypatch.setattr(pickles, "_readable", set())
    monkeypatch.setattr(
        pickles.pickle, "loads", lambda data: (reads.append(1), pickle._loads(data))[1]
    )

    def reads_of(*held):
        value = Fragile()
        value.held = ("x" * 100_000, *held)
        reads.clear()
        codec.encode(value)
        return len(reads)

    assert reads_of() == 1
    assert reads_of() == 0
    assert reads_of(Other()) == 1
    assert reads_of(Other()) == 0
    # An error is asked each time: what it holds decides.
    assert reads_of(ValueError()) == 1
    assert reads_of(ValueError()) == 1


def test_plain_values_are_not_read_back(monkeypatch):
    """What JSON holds needs no pickle, and what has no class of its own no check."""
    monkeypatch.setattr(pickles.pickle, "loads", pytest.fail)
    Codec(pickle=True).encode([1, {"a": (2, b"3")}])
    PickleSerializer().dumps([1, {"a": (2, b"3")}])
