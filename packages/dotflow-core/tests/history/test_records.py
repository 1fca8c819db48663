"""Histories that are kept as records: what kills, damage and other hands leave of one."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta

import pytest

from dotflow.abc.history import RunNotFound
from dotflow.abc.storage import Retention, Storage
from dotflow.errors import DecodeError, StorageError
from dotflow.history.record_table import RecordTable
from dotflow.history.records import StorageRecords
from dotflow.model.action import Action
from dotflow.model.context import Context
from dotflow.providers import StorageDefault, StorageFile
from dotflow.testing.history_base import fail, one, run


@pytest.fixture
def storage(tmp_path):
    return StorageFile(path=tmp_path)


def long_failure():
    raise ValueError("x" * 40_000)


def test_a_kill_at_any_write_leaves_a_whole_beginning(tmp_path):
    """Whatever write of a run was its last, its events are there to some point, whole."""
    kept = {}

    class Recording(StorageRecords):
        def put(self, name, record):
            super().put(name, record)
            # What a process that is killed now leaves behind.
            kept[len(kept)] = {
                key: storage.record(key) for key in storage.list_keys("~history-")
            }

    class Own(StorageFile):
        @property
        def history(self):
            from dotflow.history.record_history import kept_history

            return kept_history(self, Recording(self), pace=0.001)

    storage = Own(path=tmp_path / "a")
    step = Action(long_failure, retry=5, retry_delay=0.01)
    run_id = run(storage, step, names=("a",)).run_id
    whole = storage.history.events(run_id)
    assert len(kept) > 4
    for number, keys in kept.items():
        other = StorageFile(path=tmp_path / f"b{number}")
        history = type(storage.history)(StorageRecords(other), Retention())
        for key, text in keys.items():
            other.post(key, Context(json.loads("{" + text.partition("\n")[2])["value"]))
        if history.ids():
            events = history.events(run_id)
            assert events == whole[: len(events)]
            assert history.run(run_id).tasks[0].name == "a"


def test_a_write_that_fails_is_repeated_whole(tmp_path, monkeypatch):
    """A place that refuses some writes gets all events once it takes them again."""
    storage = StorageFile(path=tmp_path)
    put, calls = RecordTable._write, []

    def sometimes(self, *args):
        calls.append(args)
        put(self, *args)
        if len(calls) % 2:
            raise StorageError("after it was written, which nobody knows")

    monkeypatch.setattr(RecordTable, "_write", sometimes)
    run_id = run(storage, one, fail, names=("a", "b")).run_id
    events = storage.history.events(run_id)
    assert [event.seq for event in events] == list(range(1, 7))


def test_a_damaged_record_hides_no_other(storage, caplog):
    """A file that is damaged is told, can be deleted, and the others are listed."""
    first, second = (run(storage, one).run_id for _ in range(2))
    folder = storage.path / "history"
    (path,) = [p for p in folder.iterdir() if p.read_text().count(first)]
    path.write_text("{")
    history = StorageFile(path=storage.path).history
    assert [told.run_id for told in history.runs()] == [second]
    assert "damaged" in caplog.text
    with pytest.raises(DecodeError, match="damaged"):
        history.run(first)
    assert history.delete(first) is True
    assert history.ids() == [second]


def test_what_others_have_removed(storage):
    """A run whose events somebody has removed is told to have lost them."""
    made = run(storage, Action(long_failure, retry=3, retry_delay=0), names=("a",))
    for path in (storage.path / "history").glob("rows-*"):
        path.unlink()
    with pytest.raises(StorageError, match="has lost a part"):
        storage.history.events(made.run_id)
    assert storage.history.prune(keep=0) == 1
    assert list((storage.path / "history").iterdir()) == []


def test_a_newer_record_is_refused(storage):
    """A run that a newer dotflow has written is not read, and it says what to do."""
    run_id = run(storage, one).run_id
    (path,) = (storage.path / "history").iterdir()
    path.write_text(path.read_text().replace('"v":1', '"v":2', 1))
    with pytest.raises(DecodeError, match="upgrade"):
        StorageFile(path=storage.path).history.run(run_id)


def test_a_record_that_is_no_run_is_passed_over(storage):
    """What has the name of a run and is none hides no other run, and can be removed."""
    lost, kept = run(storage, one).run_id, run(storage, one).run_id
    path = min((storage.path / "history").glob("run-*"))
    for text in ('{"v":1,"run":{}}', '{"v":1,"run":null,"finished":null}', "[]"):
        path.write_text(text)
        history = StorageFile(path=storage.path).history
        assert [told.run_id for told in history.runs()] == [kept]
        assert history.counts() == {"Completed": 1}
        with pytest.raises(DecodeError):
            history.run(lost)
    assert history.delete(lost)
    assert history.ids() == [kept]


class Counted:
    """Notes that it was unpickled."""

    loaded = 0

    def __reduce__(self):
        return (_load, ())


def _load():
    Counted.loaded += 1
    return Counted()


def test_reading_loads_no_pickle(tmp_path):
    """A pickle in the place of a record is refused, also where results may be pickles."""

    class Plain(StorageFile):
        history = Storage.history  # among its keys

    storage = Plain(path=tmp_path)
    run_id = run(storage, one).run_id
    (key,) = storage.list_keys("~history-")
    storage.post(key, Context({"v": 1, "run": Counted()}, task_id="t"))
    before = Counted.loaded
    history = Plain(path=tmp_path).history
    assert history.runs() == []
    with pytest.raises(DecodeError):
        history.run(run_id)
    assert Counted.loaded == before


def test_it_does_not_travel(storage):
    """A pickled storage holds nothing of its history, and reads the same runs."""
    run_id = run(storage, one).run_id
    text = pickle.dumps(storage)
    assert b"record_history" not in text
    assert [told.run_id for told in pickle.loads(text).history.runs()] == [run_id]
    elsewhere = storage.at(storage.path / "elsewhere")
    assert elsewhere.history.runs() == []


def test_old_runs_are_forgotten(tmp_path):
    """With keep_days an old run is forgotten when the first one of a process ends."""
    storage = StorageFile(path=tmp_path, keep_days=30)
    old = run(storage, one).run_id
    (path,) = (tmp_path / "history").iterdir()
    stamp = path.name[4:18]
    older = int(stamp, 16) - int(timedelta(days=31).total_seconds() * 1e6)
    path.rename(path.with_name(path.name.replace(stamp, f"{older:014x}")))
    storage = StorageFile(path=tmp_path, keep_days=30)
    new = run(storage, one).run_id
    assert storage.history.ids() == [new]
    with pytest.raises(RunNotFound):
        storage.history.run(old)


@pytest.mark.parametrize("options", [{"keep_runs": -1}, {"keep_days": 0}])
def test_bad_settings(tmp_path, options):
    """Retention that is out of range is refused."""
    with pytest.raises(ValueError, match="keep_"):
        StorageFile(path=tmp_path, **options)


class Bare(Storage):
    """As dotflow 1.x has one: nobody can list it."""

    shared = True

    def post(self, key, context): ...

    def get(self, key): ...

    def key(self, task): ...


def test_who_keeps_none():
    """What is in memory, what nobody else sees and what cannot list keeps no history."""
    assert StorageDefault().history is None
    assert Bare().history is None
