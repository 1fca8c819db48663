"""StorageFile: durable files, whatever happens to the writer or to the folder."""

from __future__ import annotations

import errno
import json
import os
import pickle
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow import Config, DotFlow, action
from dotflow.errors import DecodeError, EncodeError, StorageError
from dotflow.model.context import Context
from dotflow.providers import LogDefault, _durable
from dotflow.providers._file_names import file_name, key_of
from dotflow.providers.storage_file import StorageFile
from dotflow.testing.storage_keys import UNSAFE_KEYS

NEW = ["new"] * 1000


@pytest.fixture
def storage(tmp_path):
    return StorageFile(path=tmp_path / "output")


def files(storage):
    """Return the names in the folder, without the lock's."""
    names = {path.name for path in (storage.path / "tasks").iterdir()}
    return sorted(names - {".lock"})


def test_nothing_is_made_before_the_first_write(storage):
    """A storage that only reads makes no folder."""
    storage.get("k")
    storage.list_keys()
    storage.delete("k")
    storage.clear("wf")
    assert not storage.path.exists()


def test_layout(storage):
    """A task's file is `<path>/tasks/<checkpoint key>.json`, of readable JSON."""
    key = storage.key(SimpleNamespace(checkpoint_key="wf-extract"))
    assert key == "wf-extract.json"
    storage.post(key, Context({"rows": 3}, workflow_id="wf"))
    record = json.loads((storage.path / "tasks" / "wf-extract.json").read_text())
    assert record["value"] == {"rows": 3}
    assert record["workflow_id"] == "wf"
    assert files(storage) == ["wf-extract.json"]


def test_default_path(tmp_path, monkeypatch):
    """The folder is `.output`, or what `DOTFLOW_OUTPUT_PATH` says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOTFLOW_OUTPUT_PATH", raising=False)
    assert StorageFile().path == tmp_path / ".output"
    monkeypatch.setenv("DOTFLOW_OUTPUT_PATH", str(tmp_path / "elsewhere"))
    assert StorageFile().path == tmp_path / "elsewhere"
    assert StorageFile(path="mine").path == tmp_path / "mine"
    assert StorageFile("mine").path == tmp_path / "mine"
    monkeypatch.setenv("DOTFLOW_OUTPUT_PATH", "")
    assert StorageFile().path == tmp_path / ".output"


def test_chdir_does_not_move_it(tmp_path, monkeypatch):
    """A relative path is that of the folder in which the storage was made."""
    monkeypatch.chdir(tmp_path)
    storage = StorageFile(path="here")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    storage.post("k", Context(1))
    assert (tmp_path / "here" / "tasks" / "k").exists()


def test_wrong_arguments(tmp_path):
    """Two paths and unknown codecs are refused when the storage is made."""
    with pytest.raises(TypeError, match="one path"):
        StorageFile("a", path="b")
    with pytest.raises(ValueError, match="'json', 'pickle'"):
        StorageFile(path=tmp_path, codec="yaml")


def test_it_can_be_pickled(storage):
    """A storage goes to a spawned worker and finds the same files."""
    storage.post("k", Context(1))
    assert pickle.loads(pickle.dumps(storage)).get("k").storage == 1


@given(st.text(st.characters(codec=None), max_size=300))
def test_file_names_are_safe(key):
    """A key's file name is short, of safe characters, and leads back to the key."""
    name = file_name(key)
    assert 0 < len(name) <= 200
    assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-_.#%~ABCDEF")
    assert name[0] != "."
    assert name[-1] != "."
    assert key_of(name) == (None if "~" in name else key)


@given(
    st.text(st.characters(codec=None), max_size=8),
    st.text(st.characters(codec=None), max_size=8),
)
def test_file_names_do_not_collide(one, other):
    """Two keys never share a file, on systems that ignore case neither."""
    if one != other:
        assert file_name(one).casefold() != file_name(other).casefold()


def test_no_unsafe_key_collides():
    """Long keys and keys that differ in case have files of their own."""
    names = {file_name(key).casefold() for key in UNSAFE_KEYS}
    assert len(names) == len(UNSAFE_KEYS)


def test_keys_stay_in_the_folder(storage):
    """No key leads out of the folder."""
    for key in UNSAFE_KEYS:
        storage.post(key, Context(1))
    assert list(storage.path.iterdir()) == [storage.path / "tasks"]
    assert len(files(storage)) == len(UNSAFE_KEYS)
    for entry in os.scandir(storage.path / "tasks"):
        assert entry.is_file()


@pytest.mark.parametrize(
    "content", ["", "{", '["{\\"a\\": 1}"]', '{"v":1}', "\x00" * 9]
)
def test_damaged_file_is_reported(storage, content):
    """A damaged file is an error that names it, not a missing value."""
    storage.post("wf-a", Context(1, workflow_id="wf"))
    path = storage.path / "tasks" / "wf-a"
    path.write_text(content)
    with pytest.raises(DecodeError) as caught:
        storage.get("wf-a")
    assert str(path) in str(caught.value)
    assert "delete the file" in str(caught.value)
    assert storage.list_keys() == ["wf-a"]
    storage.post("wf-a", Context(2))
    assert storage.get("wf-a").storage == 2


def test_cut_file_is_reported(storage):
    """A file that was cut at any length is an error, not a part of the value."""
    storage.post("k", Context({"rows": (1, 2)}))
    path = storage.path / "tasks" / "k"
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DecodeError):
            storage.get("k")


def test_clear_removes_damaged_files(storage):
    """Starting over works where a file of the workflow is damaged."""
    storage.post("wf-a", Context(1, workflow_id="wf"))
    (storage.path / "tasks" / "wf-a").write_text("{")
    storage.clear("wf")
    assert files(storage) == []


def test_clear_does_not_guess_the_owner(storage):
    """A damaged file that may be another workflow's stops `clear`, and stays."""
    storage.post("wf-v2-a", Context(1, workflow_id="wf-v2"))
    (storage.path / "tasks" / "wf-v2-a").write_text("{")
    with pytest.raises(DecodeError, match="wf-v2-a"):
        storage.clear("wf")
    assert files(storage) == ["wf-v2-a"]


def test_foreign_files_are_left_alone(storage):
    """Files that no key leads to are neither listed nor deleted."""
    storage.post("k", Context(1))
    for name in ("README", "notes~1.txt", "%zz", ".hidden"):
        (storage.path / "tasks" / name).write_text("mine")
    assert storage.list_keys() == ["k"]
    assert storage.delete_prefix("") == 1
    assert files(storage) == sorted(["README", "notes~1.txt", "%zz", ".hidden"])


def test_abandoned_temporary_files(storage):
    """What a killed writer left is ignored, and removed when it is old."""
    folder = storage.path / "tasks"
    folder.mkdir(parents=True)
    old, young = folder / ".tmp-1-old", folder / ".tmp-1-young"
    old.write_text("half")
    young.write_text("half")
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    assert storage.list_keys() == []
    storage.post("k", Context(1))
    assert not old.exists()
    assert young.exists()
    assert storage.list_keys() == ["k"]


def test_json_codec_refuses_to_unpickle(tmp_path):
    """With `codec="json"` a pickle that somebody put there is not loaded."""
    StorageFile(path=tmp_path).post("k", Context(Exception))
    with pytest.raises(DecodeError, match='codec="pickle"'):
        StorageFile(path=tmp_path, codec="json").get("k")
    with pytest.raises(EncodeError, match='codec="pickle"'):
        StorageFile(path=tmp_path, codec="json").post("k", Context(Exception))


@pytest.mark.parametrize("name", ["write", "fsync", "replace", "open"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_failing_disk_is_reported(storage, monkeypatch, name, code):
    """A disk that fails is a `StorageError` with the path, and the old value stays."""
    storage.post("k", Context("old"))

    def fail(*_args, **_kwargs):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, name, fail)
        with pytest.raises(StorageError, match=str(storage.path)) as caught:
            storage.post("k", Context("new"))
        assert isinstance(caught.value.__cause__, OSError)
        if name != "open":
            with pytest.raises(StorageError):
                storage.atomic_swap("k", Context("old"), Context("new"))
    if name != "fsync":  # the last one is that of the folder, after the rename
        assert storage.get("k").storage == "old"
    assert files(storage) == ["k"]


def test_file_in_the_way(tmp_path):
    """A file where the folder should be is a `StorageError` that says what to do."""
    (tmp_path / "output").write_text("a file")
    storage = StorageFile(path=tmp_path / "output")
    with pytest.raises(StorageError, match="path="):
        storage.post("k", Context(1))


def test_failed_write_leaves_no_temporary_file(storage):
    """A value that cannot be stored leaves nothing in the folder."""
    storage.post("k", Context("old"))
    with pytest.raises(EncodeError):
        storage.post("k", Context(n for n in "ab"))
    assert not storage.atomic_swap("k", Context("other"), Context("new"))
    assert files(storage) == ["k"]


def test_swap_waits_for_a_lock_of_a_process(storage, in_child):
    """A process that dies while it holds the lock does not keep others out."""
    from dotflow.providers._durable import folder_lock

    storage.post("k", Context(0))

    def lock_and_die():
        with folder_lock(storage.path / "tasks", required=True):
            os._exit(7)

    assert in_child(lock_and_die) == 7
    assert storage.atomic_swap("k", Context(0), Context(1)) is True


def test_file_system_without_locks(storage, monkeypatch):
    """Where there are no locks a post works, and a swap says that it cannot."""
    fcntl = pytest.importorskip("fcntl")

    def refuse(_descriptor, _operation):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    storage.post("k", Context(0))
    assert storage.get("k").storage == 0
    with pytest.raises(StorageError, match="No locks"):
        storage.atomic_swap("k", Context(0), Context(1))


CALLS = ("open", "write", "fsync", "close", "replace", "mkdir")


def _die_at(number, die):
    """Make the n-th call of the functions that change files the process's last one."""
    left = [number]
    for name in CALLS:
        original = getattr(os, name)

        def counted(*args, _original=original, _name=name, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                if _name == "write":  # half of it reaches the file
                    _original(args[0], bytes(args[1])[: len(args[1]) // 2])
                die()
            return _original(*args, **kwargs)

        setattr(os, name, counted)


@pytest.mark.parametrize("first", [True, False], ids=["new folder", "old value"])
def test_killed_at_each_operation(tmp_path, in_child, die, first):
    """Killed at the n-th operation, for every n, a post leaves the old or new value."""
    outcomes = set()
    for number in range(1, 100):
        storage = StorageFile(path=tmp_path / str(number) / "output")
        if not first:
            storage.post("k", Context("old", "t"))

        def post(storage=storage, number=number):
            _die_at(number, die)
            storage.post("k", Context(NEW, "t"))

        code = in_child(post)
        found = storage.get("k")
        outcomes.add("new" if found.storage == NEW else found.storage)
        # The next process is not hindered by what is left.
        storage.post("k2", Context(1))
        assert storage.list_keys()[-1] == "k2"
        if code == 0:
            break
    else:
        raise AssertionError("a post has fewer operations than that")
    assert number > 6
    assert outcomes == {None if first else "old", "new"}


def test_killed_at_each_operation_of_a_swap(tmp_path, in_child, die):
    """Killed at the n-th operation a swap has happened or not, and locks nobody out."""
    for number in range(1, 100):
        storage = StorageFile(path=tmp_path / str(number))
        storage.post("k", Context("old", "t"))

        def swap(storage=storage, number=number):
            _die_at(number, die)
            storage.atomic_swap("k", Context("old"), Context("new"))

        code = in_child(swap)
        found = storage.get("k").storage
        assert found in ("old", "new")
        assert storage.atomic_swap("k", Context(found), Context("mine")) is True
        if code == 0:
            break
    assert 6 < number < 99


def test_writes_are_flushed_in_order(storage, monkeypatch):
    """A file is on the disk before it gets its name, and its name before the return."""
    storage.post("first", Context(1))
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os,
            name,
            lambda *args, _name=name, _original=original: (
                calls.append(_name),
                _original(*args),
            )[1],
        )
    storage.post("k", Context(1))
    assert calls == ["fsync", "replace", "fsync"]


@pytest.fixture
def waits(monkeypatch):
    """Count the waits for the disk, whether of one file or of a file system."""
    calls = []
    fsync = os.fsync
    together = _durable.sync_files
    monkeypatch.setattr(os, "fsync", lambda file: (calls.append(file), fsync(file)))
    monkeypatch.setattr(
        _durable, "sync_files", lambda *args: (calls.append(args), together(*args))
    )
    return calls


def _run_chain(storage, length):
    workflow = DotFlow(Config(storage=storage, log=LogDefault(level="ERROR")), "chain")
    for number in range(length):
        workflow.task.add(action(dict), name=f"step {number}")
    workflow.start()


@pytest.mark.parametrize(("synchronous", "most"), [("FULL", 2.0), ("NORMAL", 0.1)])
def test_waits_for_the_disk_of_a_task(tmp_path, waits, synchronous, most):
    """A durable task waits twice for the disk; with NORMAL many wait together."""
    counts = []
    for length in (10, 30):
        path = tmp_path / str(length)
        _run_chain(StorageFile(path=path, synchronous=synchronous), length)
        counts.append(len(waits))
        waits.clear()
    assert (counts[1] - counts[0]) / 20 <= most


def test_a_group_waits_once_for_the_folder(storage, waits):
    """Results that are stored together cost a wait each and one for all of them."""
    storage.post("first", Context(1))
    waits.clear()
    with storage.grouped():
        for number in range(10):
            storage.post(f"k{number}", Context(number))
    assert len(waits) == 11
    assert [storage.get(f"k{number}").storage for number in range(10)] == [*range(10)]


def test_a_group_that_fails_leaves_nothing(storage):
    """Of results that were to be stored together none is, nor a file, if one cannot be."""

    def post_both():
        with storage.grouped():
            storage.post("a", Context(1))
            storage.post("b", Context(lambda: None))

    with pytest.raises(EncodeError):
        post_both()
    assert storage.list_keys() == []
    assert files(storage) == []


def test_what_a_power_cut_has_cut_off_counts_as_none(tmp_path):
    """With NORMAL half a file is no result: its task runs again."""
    storage = StorageFile(path=tmp_path, synchronous="NORMAL")
    storage.post("k", Context([1] * 100, "task"))
    path = tmp_path / "tasks" / "k"
    for size in (0, 20, path.stat().st_size - 1):
        os.truncate(path, size)
        assert storage.get("k").storage is None
        assert storage.list_keys() == []


def test_post_does_not_read_the_folder(storage, monkeypatch):
    """A post costs the same however many files there are: the folder is not listed."""
    storage.post("first", Context(1))
    monkeypatch.setattr(os, "scandir", lambda _path: pytest.fail("listed"))
    monkeypatch.setattr(os, "listdir", lambda _path: pytest.fail("listed"))
    storage.post("k", Context(1))
    assert storage.atomic_swap("k", Context(1), Context(2))
    assert storage.get("k").storage == 2
