"""The command as a user calls it: in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from dotflow.testing.imports import imported_by

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]


def test_version(dotflow: Run) -> None:
    """`dotflow --version` says which version is installed."""
    from dotflow.__about__ import __version__

    result = dotflow("--version")
    assert (result.returncode, result.stdout) == (0, f"dotflow=={__version__}\n")


def test_as_a_module(folder: Path) -> None:
    """`python -m dotflow` is the same command, for a `PATH` that does not have it."""
    ended = subprocess.run(
        [sys.executable, "-m", "dotflow", "start", "-s", "steps.greet", "-i", "Ada"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "got 'Ada'\n" in ended.stdout


def test_no_arguments(dotflow: Run) -> None:
    """`dotflow` alone lists the commands and is no error."""
    result = dotflow()
    assert result.returncode == 0
    assert "start" in result.stdout


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ada", "'Ada'"),
        ('{"a": [1, null]}', "{'a': [1, None]}"),
        ("0", "0"),
        ('""', "''"),
        ("", "''"),
    ],
)
def test_initial_context(dotflow: Run, text: str, value: str) -> None:
    """An initial context is JSON where it can be read as JSON, and text elsewhere."""
    result = dotflow("start", "-s", "steps.greet", "-i", text)
    assert result.returncode == 0, result.stderr
    assert f"got {value}\n" in result.stdout


def test_callback(dotflow: Run) -> None:
    """The callback runs after the step, with its task."""
    result = dotflow("start", "-s", "steps.count", "-c", "steps.after")
    assert result.returncode == 0, result.stderr
    assert "after Completed\n" in result.stdout


def test_failed_task(dotflow: Run) -> None:
    """A failed task makes the command fail, and its message is shown as it is."""
    result = dotflow("start", "-s", "steps.fail")
    assert result.returncode == 1
    assert "no [bold]way[/bold]" in result.stderr


@pytest.mark.parametrize("mode", ["sequential", "background", "parallel"])
def test_workflow_factory(dotflow: Run, folder: Path, mode: str) -> None:
    """A workflow made by a function is run to its end in every mode."""
    result = dotflow("start", "-w", "steps:flow", "-m", mode)
    assert result.returncode == 0, result.stderr
    assert (folder / "count").read_text() == "xx"


@pytest.mark.parametrize(
    "storage",
    [["-o", "file", "-p", "kept"], ["-o", "sqlite", "-p", "kept"], ["-o", "file:kept"]],
)
def test_resume(dotflow: Run, folder: Path, storage: list[str]) -> None:
    """With `--resume` a completed step is not run by a second command."""
    command = ["start", "-s", "steps.count", *storage]
    command += ["--workflow-id", "nightly", "--resume"]
    for _ in range(2):
        result = dotflow(*command)
        assert result.returncode == 0, result.stderr
    assert (folder / "count").read_text() == "x"
    assert (folder / "kept").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "either --step or --workflow"),
        (["-s", "steps.greet", "-w", "steps:flow"], "either --step or --workflow"),
        (["-s", "steps.absent"], "steps.absent"),
        (["-s", "absent.step"], "absent.step"),
        (["-s", "steps.not_a_step"], "@action"),
        (["-s", "steps.greet", "-c", "steps.absent"], "steps.absent"),
        (["-s", "steps.greet", "-m", "sideways"], "sideways"),
        (["-s", "steps.greet", "-o", "drawer"], "drawer"),
        (["-s", "steps.greet", "--workflow-id", "../up"], "../up"),
        (["-w", "steps:nothing"], "steps:nothing"),
        (["-w", "steps:not_a_step"], "steps:not_a_step"),
        (["-w", "steps:flow", "-i", "1"], "--initial-context"),
        (["-w", "steps:flow", "-c", "steps.after"], "--callback"),
        (["-w", "steps:nothing"], "it returned None"),
        (["-w", "steps:not_a_step"], "it is an int"),
        (["-w", "steps:later"], "must not be async"),
        (["-w", "steps:with_arguments"], "'times'"),
        (["-w", "steps:flow", "--param", "a=1"], "'a'"),
        (["-w", "steps:workflow", "--param", "a=1"], "--param"),
        (["-w", "steps:flow", "--param", "word"], "key=value"),
        (["-w", "steps:flow", "--param", "a=1", "--param", "a=2"], "twice"),
        (["-s", "steps.one", "--param", "a=1"], "--workflow"),
        (["-w", "steps.py"], "steps.py:name"),
        (["-w", "steps.py:absent"], "absent"),
        (["-w", "absent.py:flow"], "absent.py"),
        (["-w", "steps:flow", "--only", "cuont"], "count"),
        (["-w", "steps:flow", "--from", "count"], "workflow_id"),
        (["-w", "steps:chain", "--workflow-id", "a", "--from", "one"], "on disk"),
        (["-w", "steps:flow", "--max-parallel", "0"], "--max-parallel"),
        (["-w", "steps:flow", "--deadline", "-1"], "--deadline"),
        (["-w", "steps:flow", "--deadline", "nan"], "deadline"),
        (["-s", "steps.greet", "-i", "@absent.json"], "absent.json"),
        (["-s", "steps.greet", "-i", "@steps.py"], "JSON"),
        (["-s", "steps.greet", "-i", "-"], "JSON"),
        (["-s", "steps.greet", "-o", "sqlite://host"], "sqlite"),
    ],
)
@pytest.mark.sampled(12)
def test_usage_errors(dotflow: Run, arguments: list[str], message: str) -> None:
    """A mistake in the arguments is named, with exit code 2 and no traceback."""
    result = dotflow("start", *arguments)
    assert result.returncode == 2, result.stderr
    # The message is wrapped to the terminal's width.
    assert message.replace(" ", "") in "".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr


@pytest.mark.skipif(find_spec("dotflow_redis") is not None, reason="it is installed")
def test_an_absent_storage_says_what_to_install(dotflow: Run) -> None:
    """An address of an integration that is not there gives the pip line, no secret."""
    result = dotflow("start", "-s", "steps.greet", "-o", "redis://u:hunter2@h")
    assert result.returncode == 2, result.stderr
    assert "dotflow[redis]" in "".join(result.stderr.split())
    assert "hunter2" not in result.stderr


def test_help_is_light(folder: Path) -> None:
    """The list of commands is shown without loading rich, asyncio or the engine."""
    program = (
        "from dotflow_cli.main import cli; cli.main(['--help'], standalone_mode=False)"
    )
    heavy = {"rich", "asyncio", "sqlite3", "dotflow.workflow.dotflow"}
    assert heavy & imported_by(program, folder) == set()


@pytest.mark.parametrize(
    "name",
    [
        "cancel",
        "cloud",
        "deploy",
        "destroy",
        "doctor",
        "graph",
        "init",
        "login",
        "logout",
        "logs",
        "retry",
        "runs",
        "schedule",
        "show",
        "start",
        "status",
        "storage",
    ],
)
def test_every_command_has_help(dotflow: Run, name: str) -> None:
    """Every command explains itself."""
    result = dotflow(name, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: dotflow {name}")
    assert not result.stderr


def test_misspelt_command(dotflow: Run) -> None:
    """A misspelt command is a usage error that names the one that was meant."""
    result = dotflow("strt")
    assert result.returncode == 2
    assert "start" in result.stderr


def test_completion(dotflow: Run) -> None:
    """A shell is told the commands to complete."""
    result = dotflow(
        _DOTFLOW_COMPLETE="bash_complete", COMP_WORDS="dotflow star", COMP_CWORD="1"
    )
    assert result.stdout == "plain,start\n"


def test_context_of_a_file(dotflow: Run, folder: Path) -> None:
    """`@file.json` and `-` are read as JSON."""
    (folder / "day.json").write_text('{"day": 1}', encoding="utf-8")
    for result in (
        dotflow("start", "-s", "steps.greet", "-i", "@day.json"),
        dotflow("start", "-s", "steps.greet", "-i", "-", input='{"day": 1}'),
    ):
        assert result.returncode == 0, result.stderr
        assert "got {'day': 1}" in result.stdout


def test_json(dotflow: Run) -> None:
    """With `--json` standard output holds the report and nothing else."""
    result = dotflow("start", "-s", "steps.greet", "-i", "Ada", "--json")
    report = json.loads(result.stdout)
    assert (report["status"], report["tasks"][0]["name"]) == ("Completed", "greet")
    assert "got 'Ada'" in result.stderr


def test_json_of_a_failure(dotflow: Run) -> None:
    """A failed run exits with 1 with `--json` too, and the report says why."""
    result = dotflow("start", "-s", "steps.fail", "--json")
    assert result.returncode == 1
    (task,) = json.loads(result.stdout)["tasks"]
    assert task["attempts"][0]["error"]["exception"] == "ValueError"
