"""Who may read the files of storages and logs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import Config, DotFlow, action
from dotflow.errors import StorageError
from dotflow.model.context import Context
from dotflow.pipeline import Pipeline
from dotflow.providers import LogDefault, StorageFile, StorageSQLite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")

STORAGES: dict[str, Callable[[Path], Any]] = {
    "file": lambda folder: StorageFile(path=folder / "kept"),
    "sqlite": lambda folder: StorageSQLite(folder / "kept" / "runs.db"),
}


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def work_in(
    folder: Path, make: Callable[[Path], Any], front_end: str
) -> dict[str, int]:
    """Run something that leaves files, and return their modes and those of folders."""

    @action
    def work() -> str:
        return "secret"

    log = LogDefault(output="file", path=folder / "logs" / "deep" / "flow.log")
    config = Config(storage=make(folder), log=log)
    if front_end == "pipeline":
        pipeline = Pipeline("p", config=config)
        pipeline.task()(work)
        pipeline.run()
        pipeline.close()
    else:
        flow = DotFlow(config, workflow_id="w")
        flow.task.add(work)
        flow.start()
    found = folder.rglob("*")
    return {str(p.relative_to(folder)): p.stat().st_mode & 0o7777 for p in found}


@pytest.mark.parametrize("front_end", ["workflow", "pipeline"])
@pytest.mark.parametrize("name", STORAGES)
def test_modes(name: str, front_end: str, tmp_path: Path) -> None:
    """Files are 0600 and folders 0700, whatever the umask, also SQLite's own."""
    modes = work_in(tmp_path, STORAGES[name], front_end)
    assert len(modes) >= 4
    for path, mode in modes.items():
        assert mode == (0o700 if (tmp_path / path).is_dir() else 0o600), path


@pytest.mark.parametrize("name", STORAGES)
@pytest.mark.parametrize(
    ("asked", "file", "folder"),
    [("0660", 0o660, 0o770), ("640", 0o640, 0o750), ("nonsense", 0o600, 0o700)],
)
def test_modes_that_are_asked_for(
    name: str,
    asked: str,
    file: int,
    folder: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The variable opens them to a group, whatever the umask; folders follow."""
    os.umask(0o077)
    monkeypatch.setenv("DOTFLOW_FILE_MODE", asked)
    for path, mode in work_in(tmp_path, STORAGES[name], "workflow").items():
        assert mode == (folder if (tmp_path / path).is_dir() else file), path


def test_what_was_there_keeps_its_mode(tmp_path: Path) -> None:
    """A folder, a database and a log that somebody has made stay as they are."""
    for folder in ("kept", "logs/deep"):
        (tmp_path / folder).mkdir(parents=True, mode=0o755)
    for file in ("kept/runs.db", "logs/deep/flow.log"):
        (tmp_path / file).touch(0o644)
    modes = work_in(tmp_path, STORAGES["sqlite"], "workflow")
    assert (modes["kept"], modes["kept/runs.db"]) == (0o755, 0o644)
    assert modes["logs/deep/flow.log"] == 0o644


def test_a_lock_that_is_a_link(tmp_path: Path) -> None:
    """A link in the place of a lock is not followed: what it leads to stays untouched."""
    victim = tmp_path / "victim"
    (tmp_path / "kept" / "tasks").mkdir(parents=True)
    (tmp_path / "kept" / "tasks" / ".lock").symlink_to(victim)
    storage = StorageFile(path=tmp_path / "kept")
    with pytest.raises(StorageError, match="Cannot write"):
        storage.post("k", Context(storage=1))
    assert not victim.exists()


def test_a_log_to_a_link(tmp_path: Path) -> None:
    """A log may be a link, as /dev/stdout is one."""
    (tmp_path / "flow.log").symlink_to(tmp_path / "elsewhere.log")
    log = LogDefault(output="file", path=tmp_path / "flow.log")
    log.info(message="here")
    assert "here" in (tmp_path / "elsewhere.log").read_text()


def test_codec_names(tmp_path: Path) -> None:
    """A storage says which codec it uses."""
    assert StorageFile(path=tmp_path).codec_name == "pickle"
    assert StorageFile(path=tmp_path, codec="json").codec_name == "json"
    assert StorageSQLite(tmp_path / "x.db", codec="json").codec_name == "json"
