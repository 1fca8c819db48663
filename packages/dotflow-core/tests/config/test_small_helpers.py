"""The small helpers of dotflow 1.x."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dotflow import utils
from dotflow.base import decorators


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


@pytest.mark.parametrize("text", ["12", "null", "[1]", "plain", "", '"'])
def test_a_text_comes_back_as_a_text(tmp_path: Path, text: str) -> None:
    """A text that looks like JSON is still a text."""
    utils.write_file(tmp_path / "file", text)
    assert utils.read_file(tmp_path / "file") == text


@pytest.mark.parametrize("value", [{1}, b"x", 1 + 2j, print, object, {(1, 2): 3}])
def test_what_json_cannot_hold_is_written_as_text(tmp_path: Path, value: Any) -> None:
    """`str(value)` is written of what JSON cannot hold."""
    utils.write_file(tmp_path / "file", value)
    assert (tmp_path / "file").read_text("utf-8") == str(value)
    assert utils.read_file(tmp_path / "file") == str(value)


def test_a_value_that_contains_itself_is_written_as_text(tmp_path: Path) -> None:
    """A cycle is no error either."""
    value: list[Any] = []
    value.append(value)
    utils.write_file(tmp_path / "file", value)
    assert utils.read_file(tmp_path / "file") == "[[...]]"


def test_append(tmp_path: Path) -> None:
    """`mode="a"` appends."""
    utils.write_file(tmp_path / "file", 1)
    utils.write_file(tmp_path / "file", 2, mode="a")
    assert utils.read_file(tmp_path / "file") == 12


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


def test_the_layout_of_log_lines_is_the_one_in_the_settings(tmp_path: Path) -> None:
    """The log uses the layout that the settings show."""
    from dotflow.providers import LogDefault
    from dotflow.settings import Settings

    LogDefault(output="file", path=tmp_path / "log").warning(found=1)
    written = (tmp_path / "log").read_text()
    record = logging.LogRecord("dotflow", 30, "", 0, "{'found': 1}", None, None)
    expected = logging.Formatter(Settings.LOG_FORMAT).format(record)
    digits = str.maketrans("0123456789", "0" * 10)
    assert written.translate(digits) == f"{expected}\n".translate(digits)
