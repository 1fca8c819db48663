"""Every snippet of docs/configuration.md works as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dotflow import Config
from dotflow.config.sources.environment import FAMILY_OF, LOG_OF
from dotflow.config.sources.wanted import FAMILIES

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs/configuration.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(TEXT)

# What the variables of the snippets hold here.
VALUES = {
    "DATABASE_URL": "postgresql://me:hush-hush@127.0.0.1:1/db",
    "DOTFLOW_TOKEN": "hush-hush",
    "TELEGRAM_TOKEN": "123456:hush-hush",
}
# What each TOML snippet asks for, in the order of the page.
MADE = [
    {"storage": "StorageSQLite", "log": "LogDefault"},
    {"storage": "StorageFile", "log": "LogDefault"},
    {"storage": "StoragePostgres"},
    {"server": "ServerDefault"},
    {"notify": "NotifyTelegram"},
    {"scheduler": "SchedulerCron"},
]
TOML = [block for language, block in BLOCKS if language == "toml"]
SHELL = [block for language, block in BLOCKS if language == "sh"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and an environment of the test's own."""
    for name in list(os.environ):
        if name.startswith("DOTFLOW_"):
            monkeypatch.delenv(name)
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kinds(config: Config) -> dict[str, str]:
    """Name the providers that a config was given."""
    return {name: type(value).__name__ for name, value in vars(config).items()}


@pytest.mark.parametrize("number", range(len(TOML)))
def test_files(number: int, place: Path) -> None:
    """A file of the page is found, and makes the providers that it names."""
    head = TOML[number].partition("\n")[0]
    needed = re.search(r'"dotflow\[(\w+)\]"', head)
    if needed:
        pytest.importorskip(f"dotflow_{needed[1]}")
    if "DATABASE_URL" in TOML[number]:
        pytest.importorskip("dotflow_postgres")
    name = head.removeprefix("# ").partition(":")[0]
    (place / name).write_text(TOML[number], encoding="utf-8")
    config = Config.from_file()
    assert kinds(config) == MADE[number]
    for value in vars(config).values():
        assert "hush-hush" not in repr(value)


@pytest.mark.parametrize("block", SHELL)
def test_variables(block: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the page make the providers that they name."""
    (place / "token.txt").write_text("hush-hush\n", encoding="utf-8")
    for line in block.splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    config = Config.from_env()
    made = kinds(config)
    if "StorageFile" in block:
        assert made == {"storage": "StorageFile", "server": "ServerDefault"}
        assert config.server.active
        assert "hush-hush" not in repr(config.server)
    else:
        assert made == {"storage": "StorageSQLite", "log": "LogDefault"}
        assert "level='ERROR'" in repr(config.log)
        assert "format='json'" in repr(config.log)


def test_program(place: Path) -> None:
    """The program of the page runs and prints what it says."""
    [block] = [block for language, block in BLOCKS if language == "python"]
    ran = subprocess.run(
        [sys.executable, "-c", block], cwd=place, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    [line] = re.findall(r"^# (.*)$", block, re.MULTILINE)
    assert line in ran.stdout.splitlines()


def test_refused_secret(place: Path) -> None:
    """The error of the page is the one that is raised."""
    pytest.importorskip("dotflow_telegram")
    text = '[notify.NotifyTelegram]\ntoken = "x"\n'
    (place / "dotflow.toml").write_text(text)
    quoted = re.search(
        r"^```\nConfigError: /srv/etl/(.*?)^```", TEXT, re.MULTILINE | re.DOTALL
    )
    assert quoted
    with pytest.raises(ValueError, match="secret") as caught:
        Config.from_file()
    assert (
        str(caught.value).partition("dotflow.toml")[2]
        == (" ".join(quoted[1].split()).partition("dotflow.toml")[2])
    )


def test_every_setting_is_there() -> None:
    """The page names every key and every variable."""
    for word in (*FAMILIES, *FAMILY_OF, *LOG_OF):
        assert f"`{word}`" in TEXT
