"""Files that the `StorageFile` of dotflow 1.x has left are read, or spoken of."""

import json
import logging
import time

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import DecodeError
from dotflow.model.context import Context
from dotflow.providers import StorageFile

WORKFLOW = "0b8e2c6e-5f55-4b6e-9d0a-1f6f7d8f9a10"
TASK = f"{WORKFLOW}-01M8MTQK4JZPGHCX4VTKJ21BE5.json"
VALUES = {
    '["{\\"rows\\": [1, 2]}"]': {"rows": [1, 2]},
    '["\\"text\\""]': "text",
    '["1.5"]': 1.5,
    '["2020-01-01 00:00:00"]': "2020-01-01 00:00:00",
    '["null"]': None,
    "[]": None,
}


@pytest.fixture
def left(tmp_path):
    """Return what leaves a file as 1.x did."""

    def leave(key, text, **meta):
        folder = tmp_path / "tasks"
        folder.mkdir(exist_ok=True)
        (folder / key).write_text(text)
        if meta:
            (folder / f"{key}.meta").write_text(json.dumps(meta))

    return leave


@pytest.mark.parametrize("text", VALUES)
@pytest.mark.parametrize(
    "key", [TASK, f"{WORKFLOW}-load.json", f"{WORKFLOW}-_input_fp"]
)
def test_a_value(tmp_path, left, text, key):
    """A value is read as 1.x read it, whatever its key looks like."""
    left(key, text)
    assert StorageFile(path=tmp_path).get(key).storage == VALUES[text]


def test_values_that_grew(tmp_path, left):
    """Of a key that was stored several times all values are there, as 1.x gave them."""
    left(TASK, '["1", "2"]')
    found = StorageFile(path=tmp_path).get(TASK).storage
    assert [one.storage for one in found] == [1, 2]


def test_fingerprint_and_end(tmp_path, left):
    """What stood beside a file counts, and is no key of its own."""
    left(TASK, '["1"]', fingerprint="abc", expires_at=time.time() + 1000)
    storage = StorageFile(path=tmp_path)
    assert storage.get_fingerprint(TASK) == "abc"
    assert storage.list_keys() == [TASK]
    left(TASK, '["1"]', fingerprint="abc", expires_at=time.time() - 1)
    assert storage.get(TASK).storage is None
    assert storage.list_keys() == []


def test_listing_and_deleting(tmp_path, left):
    """They are listed, deleted and cleared, and leave nothing."""
    storage = StorageFile(path=tmp_path)
    for remove in (
        lambda: storage.delete(TASK),
        lambda: storage.clear(WORKFLOW),
        lambda: storage.delete_prefix(WORKFLOW),
    ):
        left(TASK, '["1"]', fingerprint="abc")
        assert storage.list_keys(WORKFLOW) == [TASK]
        assert storage.record(TASK).endswith('"value":1}\n')
        remove()
        assert storage.list_keys() == []
        assert not [p for p in (tmp_path / "tasks").iterdir() if p.name[0] != "."]


def test_what_is_stored_today_goes_before(tmp_path, left):
    """A key that is stored anew has the new value."""
    left(TASK, '["1"]')
    storage = StorageFile(path=tmp_path)
    storage.post(TASK, Context(storage="new"))
    assert storage.get(TASK).storage == "new"
    assert storage.list_keys() == [TASK]


def test_a_damaged_file(tmp_path, left):
    """A file that a kill has cut off says what it is, and where."""
    left(TASK, '["1", "2')
    with pytest.raises(DecodeError, match=r"dotflow 1\.x"):
        StorageFile(path=tmp_path).get(TASK)


def test_a_resume_in_such_a_folder(tmp_path, left, caplog):
    """A resume that can use nothing says so in one line, and the second one is quiet."""
    left(TASK, '["1"]')
    left(f"{WORKFLOW}-_input_fp", '["\\"abc\\""]')
    ran = []
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        flow = DotFlow(Config(storage=StorageFile(path=tmp_path)), workflow_id=WORKFLOW)
        flow.task.add(action(lambda: ran.append(1)), name="load")
        flow.start(resume=True)
    assert ran == [1]
    (line,) = [r.getMessage() for r in caplog.records if "1.x" in r.getMessage()]
    assert "all tasks run" in line
    assert "storage.get(" in line


def test_a_resume_beside_another_workflow(tmp_path, caplog):
    """What a workflow has left whose id begins alike is not spoken of."""
    caplog.set_level(logging.WARNING)
    for name in ("shop-eu", "shop"):
        flow = DotFlow(Config(storage=StorageFile(path=tmp_path)), workflow_id=name)
        flow.task.add(action(lambda: 1), name="load")
        flow.start(resume=True)
    assert not [r for r in caplog.records if "1.x" in r.getMessage()]
