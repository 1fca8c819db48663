"""The import paths of dotflow 1.x that this package keeps for small things."""

from __future__ import annotations

import importlib
import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dotflow import utils
from dotflow.base import decorators, forward
from dotflow.errors import ModuleNotFound


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("abc.file", ["FileClient"]),
        ("abc.http", ["HTTPRequest"]),
        ("abc.log", ["Log", "LogRecord", "LogRecordError", "LEVELS"]),
        ("abc.metrics", ["Metrics"]),
        ("abc.notify", ["Notify"]),
        ("abc.scheduler", ["Scheduler"]),
        ("abc.server", ["Server"]),
        ("abc.tcp", ["TCPClient", "TCPServer"]),
        ("abc.tracer", ["Tracer"]),
        ("core.config", ["Config"]),
        (
            "core.config_file",
            [
                "config_path",
                "load_cloud_config",
                "save_cloud_config",
                "clear_cloud_config",
                "resolve",
            ],
        ),
        ("core.decorators", ["time"]),
        ("settings", ["Settings"]),
        ("logging", ["logger"]),
        ("main", ["main"]),
        (
            "utils",
            [
                "traceback_error",
                "message_error",
                "basic_function",
                "basic_callback",
                "hostname",
                "write_file",
                "read_file",
            ],
        ),
    ],
)
def test_import_paths(module: str, names: list[str]) -> None:
    """Every path that scripts of dotflow 1.x import from still has its names."""
    found = importlib.import_module(f"dotflow.{module}")
    for name in names:
        assert getattr(found, name) is not None


@pytest.mark.parametrize(
    ("module", "library"),
    [("cli", "dotflow-cli"), ("cloud", "dotflow-deploy")],
)
def test_forwarders_name_what_to_install(
    monkeypatch: pytest.MonkeyPatch, module: str, library: str
) -> None:
    """Where the other distribution is absent, the line to type is in the error."""

    def absent(name: str) -> None:
        raise ModuleNotFoundError(name=name.partition(".")[0])

    monkeypatch.setattr(forward, "import_module", absent)
    package = importlib.import_module(f"dotflow.{module}")
    with pytest.raises(ModuleNotFound, match=f"pip install {library}"):
        _ = package.commands
    with pytest.raises(AttributeError):
        _ = package.__wrapped__
    from dotflow.main import main

    with pytest.raises(ModuleNotFound, match="pip install dotflow-cli"):
        main()


def test_forwarders_pass_on_errors_inside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An installed package that lacks a dependency of its own says so itself."""
    (tmp_path / "sibling_of_test.py").write_text("import seeds_nobody_has")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="seeds_nobody_has"):
        forward.import_sibling("sibling_of_test", "sibling")


def test_forwarders_find_attributes_and_submodules() -> None:
    """An attribute or a submodule of the other package is found by its name."""
    find = forward.sibling_attribute
    assert find("here", "json", "json", "dumps") is json.dumps
    assert find("here", "logging", "x", "handlers").__name__ == "logging.handlers"
    with pytest.raises(AttributeError, match="'here' has no attribute 'nothing'"):
        find("here", "json", "json", "nothing")


def test_time_sets_the_duration() -> None:
    """`time` sets the seconds that the function took on what it returns."""

    @decorators.time
    def work(name: str) -> Any:
        """Work."""
        return SimpleNamespace(name=name)

    task = work("a")
    assert task.name == "a"
    assert task.duration >= 0
    assert work.__name__ == "work"


@pytest.mark.parametrize("value", [{"a": [1, None]}, [1], 3, None, "é\n", "{not json"])
def test_files_come_back(tmp_path: Path, value: Any) -> None:
    """What `write_file` wrote, `read_file` returns."""
    utils.write_file(tmp_path / "file", value)
    assert utils.read_file(tmp_path / "file") == value


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    """Reading a file that is not there gives None."""
    assert utils.read_file(tmp_path / "nothing") is None


def test_a_value_that_json_cannot_hold_keeps_the_file(tmp_path: Path) -> None:
    """A failed write does not empty the file."""
    utils.write_file(tmp_path / "file", "before")
    with pytest.raises(TypeError):
        utils.write_file(tmp_path / "file", object())
    assert utils.read_file(tmp_path / "file") == "before"


def test_append(tmp_path: Path) -> None:
    """`mode="a"` appends."""
    utils.write_file(tmp_path / "file", "a")
    utils.write_file(tmp_path / "file", "b", mode="a")
    assert utils.read_file(tmp_path / "file") == "ab"


def test_small_helpers() -> None:
    """The callbacks take anything; errors have a text; the host has a name."""
    assert utils.basic_callback(1, task=2) is None
    assert utils.basic_function(1, x=2) is None
    assert utils.hostname()
    error = ValueError("no such day")
    assert utils.message_error(error) == "no such day"
    assert "ValueError: no such day" in utils.traceback_error(error)


def test_settings(run_program: Any) -> None:
    """The settings have their 1.x values; the output folder is the environment's."""
    code = """
    from dotflow.settings import Settings as S
    print(S.START_PATH, S.LOG_PATH, S.LOG_PROFILE, S.LOG_FILE_NAME)
    """
    assert run_program(code).stdout.split() == [
        ".output",
        str(Path(".output", "flow.log")),
        "dotflow",
        "flow.log",
    ]
    ran = run_program(code, DOTFLOW_OUTPUT_PATH="out")
    assert ran.stdout.split()[0] == "out"


def test_the_layout_of_log_lines_is_the_one_in_the_settings() -> None:
    """The log uses the layout that the settings show."""
    from dotflow.providers import _log_sinks
    from dotflow.settings import Settings

    assert _log_sinks._LAYOUTS["simple"] == Settings.LOG_FORMAT
    assert logging.Formatter(Settings.LOG_FORMAT)
