"""Where a command keeps results: `--path` alone, `--storage` by a mere name, ids."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

CODE = """
from dotflow import Config, DotFlow, Pipeline, action
from dotflow.providers import StorageDefault, StorageFile, StorageSQLite
from steps import note

@action
def step():
    note("ran.txt")
    return 1

def of(storage=None, workflow_id="w"):
    workflow = DotFlow(Config(storage=storage), workflow_id=workflow_id)
    workflow.task.add(step)
    return workflow

def files():
    return of(StorageFile(path="own", codec="json"))

def base():
    return of(StorageSQLite("own.db", keep_runs=3))

def memory():
    return of()

class Remote(StorageDefault):
    at = None

def remote():
    return of(Remote())

pipeline = Pipeline("p", storage=StorageFile("own"))
pipeline.task(name="s")(print)
"""


@pytest.fixture(autouse=True)
def _code(folder: Path) -> None:
    (folder / "flow.py").write_text(CODE)


def there(folder: Path) -> list[str]:
    names = ("own", "own.db", "given", "given.db", ".output")
    return [name for name in names if (folder / name).exists()]


@pytest.mark.parametrize(
    ("where", "path", "expected"),
    [
        ("-w flow:files", "given", ["given"]),
        ("-w flow:base", "given.db", ["given.db"]),
        ("-w flow:memory", "given", ["given"]),
        ("-w flow:pipeline", "given", ["given"]),
        ("-s flow.step", "given", ["given"]),
    ],
)
def test_a_path_alone_places_the_storage_there_is(
    dotflow: Run, folder: Path, where: str, path: str, expected: list[str]
) -> None:
    """`--path` moves the workflow's own storage; what was in memory goes to files."""
    done = dotflow("start", *where.split(), "--path", path)
    assert done.returncode == 0, done.stderr
    assert there(folder) == expected


def test_a_path_alone_places_what_the_environment_asks_for(
    dotflow: Run, folder: Path, environ: dict[str, str]
) -> None:
    """A step whose storage `DOTFLOW_STORAGE` names has that at the path."""
    environ["DOTFLOW_STORAGE"] = "sqlite"
    assert dotflow("start", "-s", "flow.step", "-p", "given.db").returncode == 0
    assert (folder / "given.db").is_file()


def test_a_folder_for_a_database_gets_one_in_it(dotflow: Run, folder: Path) -> None:
    """`--path DIR` of a workflow with SQLite is a file in that folder."""
    (folder / "given").mkdir()
    assert dotflow("start", "-w", "flow:base", "-p", "given").returncode == 0
    assert (folder / "given" / "dotflow.db").is_file()


def test_the_moved_storage_keeps_its_settings(dotflow: Run, folder: Path) -> None:
    """The codec of the workflow's own storage holds at the other place."""
    assert dotflow("start", "-w", "flow:files", "-p", "given").returncode == 0
    (file,) = (folder / "given" / "tasks").glob("*step*")
    assert b"pickle" not in file.read_bytes()


def test_a_storage_without_a_path_refuses_one(dotflow: Run, folder: Path) -> None:
    """Before anything runs, and with the storage's name."""
    done = dotflow("start", "-w", "flow:remote", "-p", "given")
    assert done.returncode == 2
    assert "Remote, which has no path" in " ".join(done.stderr.split())
    assert not (folder / "ran.txt").exists()


def test_history_is_read_at_a_path_alone(dotflow: Run, folder: Path) -> None:
    """`dotflow runs --path FILE` reads that database."""
    dotflow("start", "-w", "flow:base", "-p", "given.db")
    done = dotflow("runs", "--path", "given.db")
    assert done.returncode == 0, done.stderr
    assert "Completed" in done.stdout


def test_history_is_read_where_the_settings_keep_it(dotflow: Run, folder: Path) -> None:
    """Commands find runs where `dotflow.toml` keeps them, and make nothing else of it."""
    settings = 'storage = "sqlite:///given.db"\nnotify = "absent:Notifier"\n'
    (folder / "dotflow.toml").write_text(settings)
    address = ["-o", "sqlite:///given.db"]
    assert dotflow("start", "-w", "flow:memory", *address).returncode == 0
    assert "Completed" in dotflow("runs").stdout
    other = {"DOTFLOW_STORAGE": "sqlite:///other.db"}
    assert "other.db" in dotflow("runs", **other).stderr


@pytest.mark.parametrize("where", ["flow:base", "flow:pipeline"])
def test_a_run_is_retried_where_its_workflow_keeps_it(
    dotflow: Run, folder: Path, where: str
) -> None:
    """A retry looks for the run in the storage that the workflow has itself."""
    assert dotflow("start", "-w", where).returncode == 0
    again = dotflow("retry", "latest", "-w", where)
    assert "nothing to retry" in again.stderr, again.stderr


def test_a_path_beside_an_address_is_refused(dotflow: Run) -> None:
    """An address has its place in it."""
    done = dotflow("start", "-s", "flow.step", "-o", "sqlite:///a.db", "-p", "b.db")
    assert done.returncode == 2
    assert "--path goes with" in done.stderr


@pytest.mark.parametrize("storage", [("file",), ("sqlite",), ("file", "-p", "given")])
def test_a_step_is_resumed_without_an_id(
    dotflow: Run, folder: Path, storage: tuple[str, ...]
) -> None:
    """`start --step X --resume` twice runs X once: the id is the step's own."""
    for _ in range(2):
        done = dotflow("start", "-s", "flow.step", "--resume", "-o", *storage)
        assert done.returncode == 0, done.stderr
    assert (folder / "ran.txt").read_text() == "x"


def test_an_id_that_was_given_goes_before_the_steps_own(
    dotflow: Run, folder: Path
) -> None:
    """Two ids are two runs."""
    for name in ("a", "b"):
        dotflow(
            *("start", "-s", "flow.step", "--resume", "-o", "file"),
            *("--workflow-id", name),
        )
    assert (folder / "ran.txt").read_text() == "xx"


@pytest.mark.parametrize(
    "arguments",
    [
        ("start", "-w", "loose:build", "--resume"),
        ("start", "-w", "loose:build", "--from", "step"),
        pytest.param(
            ("schedule", "-w", "loose:build", "--cron", "* * * * *", "--resume"),
            marks=pytest.mark.skipif(
                find_spec("dotflow_scheduler") is None, reason="needs dotflow-scheduler"
            ),
        ),
    ],
)
def test_messages_about_ids_name_the_option(
    dotflow: Run, folder: Path, arguments: tuple[str, ...]
) -> None:
    """Where a fixed id is missing, the message says `--workflow-id`."""
    (folder / "loose.py").write_text(
        f"{CODE}\ndef build():\n    return of(workflow_id=None)\n"
    )
    done = dotflow(*arguments)
    assert done.returncode == 2
    assert "--workflow-id" in done.stderr
    assert not (folder / "ran.txt").exists()


@pytest.mark.parametrize(("name", "example"), [("s3", "s3://"), ("gcs", "gs://")])
def test_a_bucket_without_a_name_says_where_it_is_taken_from(
    dotflow: Run, name: str, example: str
) -> None:
    """`--storage s3` names the address and the variable that would do."""
    done = dotflow("start", "-s", "flow.step", "-o", name)
    assert done.returncode == 2
    if "pip install" not in done.stderr:
        assert f"{example}my-bucket/prefix" in done.stderr
        assert "DOTFLOW_STORAGE" in done.stderr


def test_a_bucket_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mere name stands for the address of its kind in `DOTFLOW_STORAGE`."""
    pytest.importorskip("dotflow_aws")
    from dotflow.providers.storage_url import storage_from_url

    monkeypatch.setenv("DOTFLOW_STORAGE", "s3://shop/runs?region=eu-west-1")
    assert storage_from_url("s3").bucket == "shop"
    monkeypatch.setenv("DOTFLOW_STORAGE", "sqlite:///runs.db")
    with pytest.raises(ValueError, match="needs a bucket"):
        storage_from_url("s3")
