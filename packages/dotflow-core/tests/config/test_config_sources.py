"""`Config.from_env` and `Config.from_file`."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from dotflow import Config
from dotflow.config.sources import find_file
from dotflow.errors import ConfigError, ProviderNotInstalled

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hush-hush"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and an environment of the test's own."""
    for name in list(os.environ):
        if name.startswith("DOTFLOW_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def from_text(place: Path, text: str) -> Config:
    """Read a `dotflow.toml` of this text."""
    (place / "dotflow.toml").write_text(text, encoding="utf-8")
    return Config.from_file()


def fails(place: Path, text: str) -> str:
    """Return what is said of a `dotflow.toml` of this text."""
    with pytest.raises(ConfigError) as caught:
        from_text(place, text)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def test_nothing_set(place: Path) -> None:
    """An empty environment and an empty file ask for nothing."""
    assert repr(Config.from_env()) == "Config()"
    assert repr(from_text(place, "")) == "Config()"


def test_nearest_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest file with settings is read, and one without is passed by."""
    (place / "dotflow.toml").write_text('storage = "default"')
    inner = place / "a" / "b"
    inner.mkdir(parents=True)
    (place / "a" / "pyproject.toml").write_text("[tool.other]\n")
    monkeypatch.chdir(inner)
    assert find_file() == place / "dotflow.toml"
    (place / "a" / "pyproject.toml").write_text("[tool.dotflow.log]\nlevel = 'ERROR'\n")
    assert find_file() == place / "a" / "pyproject.toml"
    assert repr(Config.from_file()) == "Config(log=LogDefault)"
    (place / "a" / "dotflow.toml").write_text("")
    assert find_file() == place / "a" / "dotflow.toml"


def test_what_commands_read_is_no_setting(place: Path) -> None:
    """The workflow that `dotflow init` names for commands is in no provider's way."""
    text = '[tool.dotflow]\nworkflow = "shop.workflow:build"\nstorage = "StorageFile"\n'
    (place / "pyproject.toml").write_text(text)
    assert type(Config.from_file().storage).__name__ == "StorageFile"


def test_no_file(place: Path) -> None:
    """Where there is no file, the message says what to make."""
    with pytest.raises(ConfigError, match=r"no dotflow\.toml.*Config\.from_env"):
        Config.from_file()
    with pytest.raises(ConfigError, match="No such file"):
        Config.from_file(place / "missing.toml")
    (place / "pyproject.toml").write_text("")
    with pytest.raises(ConfigError, match=r"no table \[tool\.dotflow\]"):
        Config.from_file("pyproject.toml")


def test_no_toml(place: Path) -> None:
    """A file that is no TOML is named, with the line."""
    assert "dotflow.toml is no TOML file" in fails(place, "storage =")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "storag = 'file'",
            "dotflow.toml: storag: there is no key 'storag'. Did you mean",
        ),
        (
            "[log]\nlevle = 'INFO'",
            "log.levle: there is no argument of LogDefault 'levle'.",
        ),
        ("[log]\nlevle = 'INFO'", "Did you mean 'level'?"),
        ("log = 'LogDefualt'", "log: there is no provider 'LogDefualt'. Did you mean"),
        ("log = 'StorageFile'", "no subclass of dotflow.abc.log.Log"),
        ("log = 3", "write the name of a provider"),
        ("log = {LogDefault = 3}", "log.LogDefault: write a table of its arguments"),
        ("[log]\nformat = 'xml'", "log: LogDefault(format='xml'): use one of"),
        ("storage = 'fiel'", "storage: No storage is called 'fiel'"),
        ("[storage.StorageFile]\n[storage.StorageDefault]", "only one storage"),
        ("notify = 'no_such_module:Thing'", "no_such_module"),
    ],
)
def test_misspelt(place: Path, text: str, said: str) -> None:
    """What cannot be meant is an error that names the file, the key and the remedy."""
    message = fails(place, text)
    assert str(place) in message
    assert said in message


def test_several(place: Path) -> None:
    """Of the families that tell there may be several."""
    config = from_text(
        place, "tracer = ['TracerDefault']\n[log]\nlevel = 'ERROR'\n[log.LogDefault]\n"
    )
    assert repr(config) == "Config(log=LogDefault, tracer=TracerDefault)"
    (place / "mine.py").write_text(
        "from dotflow.testing import RecordingNotify\n"
        "class NotifyMine(RecordingNotify):\n"
        "    def __init__(self, number: int = 0):\n"
        "        super().__init__()\n"
        "        self.number = number\n"
    )
    config = from_text(
        place, 'notify = {NotifyDefault = {}, "mine:NotifyMine" = {number = 7}}'
    )
    first, second = config.notify.parts  # type: ignore[attr-defined]
    assert (type(first).__name__, second.number) == ("NotifyDefault", 7)


def test_not_installed(place: Path) -> None:
    """A provider that is not installed names its extra, and who wanted it."""
    from dotflow.providers.registry import INTEGRATIONS, installed_providers

    missing = sorted(INTEGRATIONS.keys() - set(installed_providers()))
    if not missing:
        pytest.skip("every integration is installed")
    name = missing[0]
    families = ("storage", "log", "notify", "tracer", "metrics", "scheduler")
    [family] = [f for f in families if name.lower().startswith(f)]
    with pytest.raises(ProviderNotInstalled, match="pip install") as caught:
        from_text(place, f"{family} = '{name}'")
    assert "dotflow.toml" in caught.value.__notes__[0]


SECRETS = [
    f"[server]\nuser_token = '{SECRET}'",
    f"[server.ServerDefault]\nuser_token = '{SECRET}'",
    f"storage = 'redis://me:{SECRET}@h/0'",
    f"storage = 'postgresql://me:{SECRET}@h/0'",
    f"[server]\nbase_url = 'https://me:{SECRET}@h/0'",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secret_in_the_open(place: Path, text: str) -> None:
    """A secret that stands in the file is refused, and not repeated."""
    message = fails(place, text)
    assert "must not stand in the file" in message
    assert '{env = "NAME_OF_A_VARIABLE"}' in message


def test_references(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value may be in a variable, or in a file beside the one that names it."""
    monkeypatch.setenv("TOKEN", SECRET)
    (place / "sub").mkdir()
    (place / "sub" / "token").write_text(f"{SECRET}\n")
    for reference in ('{env = "TOKEN"}', '{file = "token"}'):
        (place / "sub" / "x.toml").write_text(
            f"[server]\nuser_token = {reference}\nbase_url = 'https://h'\n"
        )
        config = Config.from_file("sub/x.toml")
        assert config.server.active
        assert SECRET not in repr(config) + repr(config.server)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ('{env = "MISSING"}', "the environment variable MISSING is not set"),
        ('{env = "EMPTY"}', "EMPTY is empty"),
        ("{env = 3}", "env takes a name"),
        ('{file = "missing"}', "cannot read the file"),
    ],
)
def test_bad_references(
    place: Path, monkeypatch: pytest.MonkeyPatch, reference: str, said: str
) -> None:
    """A reference that leads nowhere is an error that names the key."""
    monkeypatch.setenv("EMPTY", "")
    message = fails(place, f"[server]\nuser_token = {reference}")
    assert f"server.user_token: {said}" in message


def test_errors_hide_values(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider says of a value that came from a reference is not repeated."""
    monkeypatch.setenv("ADDRESS", f"ftp://{SECRET}")
    message = fails(place, "[server]\nbase_url = {env = 'ADDRESS'}\n")
    assert SECRET not in message
    assert "dotflow.toml: server: " in message


def test_environment(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """The environment names providers and their arguments, as texts."""
    monkeypatch.setenv("DOTFLOW_STORAGE", "StorageSQLite")
    monkeypatch.setenv("DOTFLOW_STORAGESQLITE__PATH", str(place / "x.db"))
    monkeypatch.setenv("DOTFLOW_STORAGESQLITE__TIMEOUT", "2.5")
    monkeypatch.setenv("DOTFLOW_TRACER", "TracerDefault, TracerDefault")
    monkeypatch.setenv("DOTFLOW_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("DOTFLOW_METRICS", "")
    config = Config.from_env()
    assert repr(config) == (
        "Config(storage=StorageSQLite, log=LogDefault, tracer=TracerDefault)"
    )
    assert "level='DEBUG'" in repr(config.log)
    storage: Any = config.storage
    assert storage.path == place / "x.db"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DOTFLOW_STORAGES", "file", "Did you mean DOTFLOW_STORAGE?"),
        ("DOTFLOW_LOG_LEVLE", "INFO", "Did you mean DOTFLOW_LOG_LEVEL?"),
        ("DOTFLOW_STORAGEFIEL__PATH", "x", "Did you mean DOTFLOW_STORAGEFILE__PATH?"),
        ("DOTFLOW_STORAGEFILE__PAHT", "x", "Did you mean 'path'?"),
        ("DOTFLOW_STORAGESQLITE__TIMEOUT", SECRET, "write a value of type float"),
        ("DOTFLOW_NOTIFY", "Nobody", "DOTFLOW_NOTIFY: there is no provider 'Nobody'"),
        ("DOTFLOW_STORAGE", "nothing://x", "DOTFLOW_STORAGE: No storage is called"),
    ],
)
def test_bad_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    """A misspelt variable is an error that names it and what was meant."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        Config.from_env()
    assert name in str(caught.value)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


def test_foreign_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of other programs, and dotflow's other ones, are no misspelt settings."""
    for name in ("DOTFLOW_OUTPUT_PATH", "DOTFLOW_TOKEN", "DOTFLOW_TEAM_NAME"):
        monkeypatch.setenv(name, "x")
    assert repr(Config.from_env()) == "Config()"


def test_environment_wins(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment replaces what the file says, and leaves what it does not name."""
    text = (
        "storage = 'sqlite:///x.db'\n[log]\nlevel = 'ERROR'\nformat = 'json'\n"
        "[server]\nbase_url = 'https://h'\n"
    )
    monkeypatch.setenv("DOTFLOW_STORAGE", "default")
    monkeypatch.setenv("DOTFLOW_LOG_LEVEL", "DEBUG")
    config = from_text(place, text)
    assert type(config.storage).__name__ == "StorageDefault"
    assert "level='DEBUG'" in repr(config.log)
    assert "format='json'" in repr(config.log)
    monkeypatch.setenv("DOTFLOW_STORAGE", "StorageFile")
    assert type(from_text(place, text).storage).__name__ == "StorageFile"


def test_argument_names_its_provider(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storage's argument in the environment replaces the file's storage."""
    monkeypatch.setenv("DOTFLOW_STORAGEFILE__PATH", str(place / "out"))
    assert type(Config.from_env().storage).__name__ == "StorageFile"
    config = from_text(place, "storage = 'sqlite:///x.db'")
    assert type(config.storage).__name__ == "StorageFile"
    monkeypatch.setenv("DOTFLOW_STORAGE", "default")
    with pytest.raises(ConfigError, match="DOTFLOW_STORAGE and DOTFLOW_STORAGEFILE__"):
        Config.from_env()


def test_not_paid_for(run_program: Any) -> None:
    """A program that uses no source of settings does not load them."""
    ran = run_program(
        """
        import sys
        from dotflow import Config
        Config(); Config(notify=[])
        print([name for name in sys.modules if "config_sources" in name])
        print("tomllib" in sys.modules)
        """
    )
    assert ran.stdout == "[]\nFalse\n", ran.stderr


@pytest.mark.parametrize(
    ("text", "variable", "kept"),
    [
        ("", None, True),
        ("capture = false", None, False),
        ("capture = true", "off", False),
        ("capture = false", "1", True),
        ('capture = {env = "SWITCH"}', None, False),
    ],
)
def test_capture_is_switched(
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    variable: str | None,
    kept: bool,
) -> None:
    """Whether output and values are kept is said in the file or a variable, which wins."""
    monkeypatch.setenv("SWITCH", "no")
    if variable is not None:
        monkeypatch.setenv("DOTFLOW_CAPTURE", variable)
        monkeypatch.setenv("DOTFLOW_PREVIEWS", variable)
    assert from_text(place, text).capture is kept
    assert from_text(place, text.replace("capture", "previews")).previews is kept


def test_a_switch_that_is_none(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is neither on nor off is refused, with its place."""
    assert "dotflow.toml: capture" in fails(place, "capture = 1")
    with pytest.raises(TypeError, match="True or False"):
        Config(capture="no")  # type: ignore[arg-type]
    monkeypatch.setenv("DOTFLOW_CAPTURE", "perhaps")
    with pytest.raises(ConfigError, match="DOTFLOW_CAPTURE"):
        Config.from_env()
