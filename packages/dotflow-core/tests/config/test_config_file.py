"""`~/.dotflow/config.json`: private, whole, and never in the way."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING

import pytest

from dotflow.base import cloud_file as config_file

if TYPE_CHECKING:
    from pathlib import Path


def test_saved_values_come_back(home: Path) -> None:
    """What was saved is read again, from the documented place and form."""
    config_file.save_cloud_config("token", "https://e.org")
    assert config_file.config_path() == home / ".dotflow" / "config.json"
    assert json.loads(config_file.config_path().read_text()) == {
        "cloud": {"base_url": "https://e.org", "token": "token"}
    }
    assert config_file.load_cloud_config() == {
        "base_url": "https://e.org",
        "token": "token",
    }


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX")
def test_only_the_user_can_read_it() -> None:
    """The file has mode 0600 and its folder 0700, also after a second save."""
    for token in ("one", "two"):
        config_file.save_cloud_config(token, "https://e.org")
        path = config_file.config_path()
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert list(path.parent.iterdir()) == [path]


def test_a_failed_save_leaves_the_old_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """If saving fails half-way, what was there is still there, and no rubbish."""
    config_file.save_cloud_config("old", "https://e.org")

    def fail(*_args: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        config_file.save_cloud_config("new", "https://e.org")
    assert config_file.load_cloud_config()["token"] == "old"
    path = config_file.config_path()
    assert list(path.parent.iterdir()) == [path]


def test_clear() -> None:
    """Clearing says whether there was anything, and keeps what others put there."""
    assert config_file.clear_cloud_config() is False
    config_file.save_cloud_config("token", "https://e.org")
    assert config_file.clear_cloud_config() is True
    assert not config_file.config_path().exists()
    config_file.config_path().write_text('{"theme": "dark"}')
    assert config_file.clear_cloud_config() is False
    config_file.save_cloud_config("token", "https://e.org")
    assert config_file.clear_cloud_config() is True
    assert json.loads(config_file.config_path().read_text()) == {"theme": "dark"}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\udcff"])
def test_a_malformed_file_counts_as_none(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken file is warned about and otherwise as good as absent."""
    path = config_file.config_path()
    path.parent.mkdir()
    path.write_text(text, errors="surrogateescape")
    assert config_file.load_cloud_config() == {}
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("cloud", ["x", None, {"token": 3, "base_url": None}])
def test_only_texts_count(cloud: object) -> None:
    """Values that are no texts are left out."""
    path = config_file.config_path()
    path.parent.mkdir()
    path.write_text(json.dumps({"cloud": cloud}))
    assert config_file.load_cloud_config() == {}


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set variable beats the file; an empty one does not."""
    assert config_file.resolve("token", "SERVER_USER_TOKEN") == ""
    config_file.save_cloud_config("saved", "https://e.org")
    assert config_file.resolve("token", "SERVER_USER_TOKEN") == "saved"
    monkeypatch.setenv("SERVER_USER_TOKEN", "")
    assert config_file.resolve("token", "SERVER_USER_TOKEN") == "saved"
    monkeypatch.setenv("SERVER_USER_TOKEN", "mine")
    assert config_file.resolve("token", "SERVER_USER_TOKEN") == "mine"
