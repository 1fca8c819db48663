"""A file with settings that somebody else may have written, and where tokens may go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import Config
from dotflow.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners of POSIX")

STRANGER = 54321
SETTINGS = {
    "dotflow.toml": "[log]\nlevel = 'ERROR'\n",
    "pyproject.toml": "[tool.dotflow.log]\nlevel = 'ERROR'\n",
}


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder above the one where we are."""
    for name in list(os.environ):
        if name.startswith("DOTFLOW_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "shared"
    (folder / "mine").mkdir(parents=True)
    monkeypatch.chdir(folder / "mine")
    return folder


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a file or folder somebody else's, as far as the system lets us."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("what", ["file", "folder", "link", "file mode", "folder mode"])
def test_a_stranger_may_have_written_it(
    name: str, what: str, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another user owns, or everybody may write, is refused with what to do."""
    file = shared / name
    file.write_text(SETTINGS[name])
    assert "LogDefault" in repr(Config.from_file())
    if what == "file":
        give_away(file, monkeypatch)
    elif what == "folder":
        give_away(shared, monkeypatch)
    elif what == "link":
        file.rename(shared / "elsewhere.toml")
        file.symlink_to(shared / "elsewhere.toml")
        give_away(file, monkeypatch)
    elif what == "file mode":
        file.chmod(0o666)
    else:
        shared.chmod(0o777)
    with pytest.raises(ConfigError, match=f"{name} is not read.*DOTFLOW_SAFE_DIR"):
        Config.from_file()
    # Who names it, or its folder, has asked for it.
    assert "LogDefault" in repr(Config.from_file(file))
    for allowed in (str(shared), f"/nowhere{os.pathsep}{shared}/", "*"):
        monkeypatch.setenv("DOTFLOW_SAFE_DIRECTORY", allowed)
        assert "LogDefault" in repr(Config.from_file())
    monkeypatch.setenv("DOTFLOW_SAFE_DIRECTORY", str(shared / "mine"))
    with pytest.raises(ConfigError, match="is not read"):
        Config.from_file()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # What is no TOML is refused as a stranger's, if it is one.
        ("[[[", "belongs to another user"),
        # What does not speak of dotflow disturbs nobody.
        ("[project]\nname = 'x'\n", r"There is no dotflow\.toml"),
    ],
)
def test_a_pyproject_of_a_stranger(
    shared: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    """A stranger's file that holds no settings is not taken for one that does."""
    file = shared / "pyproject.toml"
    file.write_text(text)
    give_away(file, monkeypatch)
    with pytest.raises(ConfigError, match=told):
        Config.from_file()


def test_my_file_in_a_folder_like_tmp(shared: Path) -> None:
    """Where nobody can touch my file, it is mine although all may add their own."""
    (shared / "dotflow.toml").write_text(SETTINGS["dotflow.toml"])
    shared.chmod(0o1777)
    assert "LogDefault" in repr(Config.from_file())


@pytest.mark.parametrize("address", ["'https://h'", "{env = 'ADDRESS'}"])
def test_a_token_for_another_address(
    address: str, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address of a file gets no token that was set, or saved, for another one."""
    monkeypatch.setenv("ADDRESS", "https://h")
    file = shared / "dotflow.toml"
    file.write_text(f"[server]\nbase_url = {address}\n")
    assert not Config.from_file().server.active
    monkeypatch.setenv("SERVER_USER_TOKEN", "hush-hush")
    with pytest.raises(ConfigError, match="user_token =") as caught:
        Config.from_file()
    assert "hush" not in str(caught.value)
    with file.open("a") as more:
        more.write("user_token = {env = 'SERVER_USER_TOKEN'}\n")
    assert Config.from_file().server.active


def test_a_token_given_in_the_environment(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that gives the provider its token is for the file's address."""
    (shared / "dotflow.toml").write_text("[server]\nbase_url = 'https://h'\n")
    monkeypatch.setenv("SERVER_USER_TOKEN", "of-another")
    monkeypatch.setenv("DOTFLOW_SERVERDEFAULT__USER_TOKEN", "for-this")
    server: Any = Config.from_file().server
    assert server.active
