"""`dotflow storage`: what a storage keeps, listed, shown and deleted by key."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

FLOW = """
import sys
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageFile, StorageSQLite

class Thing:
    def __reduce__(self):
        return (loaded, ())

def loaded():
    open("unpickled", "w").close()
    return Thing()

@action
def one():
    return {"rows": (1, "<ü>")}

@action
def two():
    return Thing()

@action
def rows():
    return [1, 2, 3]

@action
def each(item):
    if item == 3 and "fixed" not in sys.argv:
        raise ValueError
    return item

def build():
    flow = DotFlow(workflow_id="shop")
    flow.task.add([one, two, rows])
    flow.task.add(each, map_over=rows)
    return flow
"""


@pytest.fixture(params=["sqlite:kept.db", "file:kept"])
def kept(request: pytest.FixtureRequest, dotflow: Run, folder: Path) -> str:
    """Give the address of a storage in which a run has failed."""
    (folder / "shop.py").write_text(FLOW, encoding="utf-8")
    address: str = request.param
    assert dotflow("start", "-w", "shop:build", "-o", address).returncode == 1
    (folder / "unpickled").unlink(missing_ok=True)
    return address


def names(text: str) -> list[str]:
    """Return the names of the tasks in a list of records."""
    keys = [record["key"].removesuffix(".json") for record in json.loads(text)]
    return [key.removeprefix("shop-") for key in keys]


def test_list(dotflow: Run, kept: str, folder: Path) -> None:
    """Keys are listed with what is known of them, and no value is read."""
    listed = dotflow("storage", "list", "-o", kept, "shop-", "--json")
    assert names(listed.stdout) == ["each~0", "each~1", "one", "rows", "two", "~run"]
    records = {
        record["key"].removesuffix(".json"): record
        for record in json.loads(listed.stdout)
    }
    assert records["shop-two"]["form"] == "pickle"
    assert records["shop-one"]["form"] == "json"
    assert records["shop-one"]["workflow"] == "shop"
    table = dotflow("storage", "list", "-o", kept, "--limit", "2")
    assert "shop-each~1" in table.stdout
    assert "shop-one" not in table.stdout
    assert table.stderr == "4 more: give --limit.\n"
    assert not (folder / "unpickled").exists()


def test_show(dotflow: Run, kept: str, folder: Path) -> None:
    """A value is shown as it is stored; a pickle is loaded only when that is asked."""
    shown = dotflow("storage", "show", "-o", kept, "shop-one")
    assert '{"rows": {"$": "tuple", "v": [1, "<ü>"]}}' in shown.stdout
    pickled = dotflow("storage", "show", "-o", kept, "shop-two")
    assert "--value" in pickled.stdout
    as_json = dotflow("storage", "show", "-o", kept, "shop-two", "--json")
    assert json.loads(as_json.stdout)["value"]["$"] == "pickle"
    assert not (folder / "unpickled").exists()
    read = dotflow(
        "storage", "show", "-o", kept, "shop-two", "--value", PYTHONPATH=str(folder)
    )
    assert "<shop.Thing object at" in read.stdout, read.stderr
    assert (folder / "unpickled").exists()


def test_delete(dotflow: Run, kept: str) -> None:
    """What is deleted is run again by the next resume, of a map with all its items."""
    result = dotflow("storage", "delete", "-o", kept, "shop-one", "shop-each", "--json")
    assert json.loads(result.stdout) == {"shop-one": 1, "shop-each": 2}
    listed = dotflow("storage", "list", "-o", kept, "--json")
    assert names(listed.stdout) == ["rows", "two", "~run"]
    again = dotflow("start", "-w", "shop:build", "-o", kept, "--resume", "--json")
    tasks = {task["name"]: task for task in json.loads(again.stdout)["tasks"]}
    assert [name for name, task in tasks.items() if task["restored"]] == []


def test_an_unknown_key(dotflow: Run, kept: str) -> None:
    """A key that is not there is told with the one that was meant."""
    for command in ("show", "delete"):
        result = dotflow("storage", command, "-o", kept, "shop-onee")
        assert result.returncode == 1
        assert "Did you mean 'shop-one" in result.stderr


def test_a_damaged_record(dotflow: Run, kept: str, folder: Path) -> None:
    """A record that cannot be read is listed, shown and deleted all the same."""
    if kept.startswith("sqlite"):
        import sqlite3

        with sqlite3.connect(folder / "kept.db") as database:
            database.execute(
                "UPDATE checkpoints SET record = 'x' WHERE key = 'shop-one'"
            )
        database.close()
    else:
        (folder / "kept" / "tasks" / "shop-one.json").write_text("x")
    shown = dotflow("storage", "show", "-o", kept, "shop-one")
    assert "damaged" in shown.stdout
    assert dotflow("storage", "delete", "-o", kept, "shop-one").returncode == 0
    assert dotflow("storage", "show", "-o", kept, "shop-one").returncode == 1


def test_no_storage_is_made(dotflow: Run, folder: Path) -> None:
    """Looking for what is not there makes no file."""
    result = dotflow("storage", "list", "-o", "sqlite:absent.db")
    assert result.returncode == 1
    assert "absent.db" in result.stderr
    assert not (folder / "absent.db").exists()


PIPELINE = """
from pathlib import Path
from dotflow import Pipeline, RunContext
from dotflow.providers import StorageSQLite

def build():
    pipeline = Pipeline("rows", storage=StorageSQLite("kept.db"))

    def note(name):
        with open("ran", "a") as file:
            file.write(name)

    @pipeline.task()
    def a():
        note("a")
        return 1

    @pipeline.task()
    def b(a, context: RunContext = None):
        note("b")
        if Path("broken").exists():
            raise ValueError("no way")
        return [a, context and context.deps]

    @pipeline.task()
    def c(b):
        note("c")
        return b

    return pipeline

if __name__ == "__main__":
    build().run()
"""


def test_retry_of_a_pipeline(dotflow: Run, folder: Path, program: Path) -> None:
    """A run of a `Pipeline` is gone on with in a new one, from a task where that is said."""
    (folder / "etl.py").write_text(PIPELINE, encoding="utf-8")
    (folder / "broken").touch()
    python = program.with_name("python")
    subprocess.run([python, "etl.py"], cwd=folder, check=True, capture_output=True)
    (folder / "broken").unlink()
    retry = ("retry", "latest", "-w", "etl:build", "-o", "sqlite:kept.db")
    result = dotflow(*retry, "-i", '{"day": 3}')
    assert result.returncode == 0, result.stderr
    assert "a     Completed" in result.stderr
    assert (folder / "ran").read_text() == "abbc"
    assert dotflow(*retry).returncode == 1
    report = json.loads(dotflow(*retry, "--from", "c", "--json").stdout)
    assert [task["restored"] for task in report["tasks"]] == [True, True, False]
    assert (folder / "ran").read_text() == "abbcc"
    wrong = dotflow(*retry, "--from", "d")
    assert wrong.returncode == 2
    assert "no task 'd'" in wrong.stderr
    refused = dotflow(*retry, "--from", "c", "--mode", "threads")
    assert "--mode is for a DotFlow" in refused.stderr
    other = dotflow(
        "retry", "latest", "-w", "steps:chain", "-o", "sqlite:kept.db", "--from", "c"
    )
    assert "is one of a Pipeline" in other.stderr
