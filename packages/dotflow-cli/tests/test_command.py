"""The command as a user calls it: in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
from dotflow import DotFlow, action

@action
def greet(initial_context):
    print("got", repr(initial_context.storage))

@action
def fail():
    raise ValueError("no [bold]way[/bold]")

@action
def count():
    with open("count", "a") as file:
        file.write("x")

def after(task):
    print("after", task.status)

def flow():
    workflow = DotFlow()
    workflow.task.add([count, count])
    return workflow

def nothing():
    pass

not_a_step = 1
"""


@pytest.fixture
def dotflow(tmp_path: Path) -> Run:
    """Give a function that runs `dotflow` in a folder with `steps.py`."""
    (tmp_path / "steps.py").write_text(STEPS, encoding="utf-8")
    program = Path(sys.executable).with_name("dotflow")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    return run


def test_version(dotflow: Run) -> None:
    """`dotflow --version` says which version is installed."""
    from dotflow.__about__ import __version__

    result = dotflow("--version")
    assert (result.returncode, result.stdout) == (0, f"dotflow=={__version__}\n")


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
def test_workflow_factory(dotflow: Run, tmp_path: Path, mode: str) -> None:
    """A workflow made by a function is run to its end in every mode."""
    result = dotflow("start", "-w", "steps:flow", "-m", mode)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "count").read_text() == "xx"


@pytest.mark.parametrize(
    "storage",
    [["-o", "file", "-p", "kept"], ["-o", "sqlite", "-p", "kept"], ["-o", "file:kept"]],
)
def test_resume(dotflow: Run, tmp_path: Path, storage: list[str]) -> None:
    """With `--resume` a completed step is not run by a second command."""
    command = ["start", "-s", "steps.count", *storage]
    command += ["--workflow-id", "nightly", "--resume"]
    for _ in range(2):
        result = dotflow(*command)
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "count").read_text() == "x"
    assert (tmp_path / "kept").exists()


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
        (["-s", "steps.greet", "-p", "kept"], "--storage"),
        (["-s", "steps.greet", "--workflow-id", "../up"], "../up"),
        (["-s", "steps.greet", "--resume"], "workflow_id"),
        (["-w", "steps:nothing"], "steps:nothing"),
        (["-w", "steps:not_a_step"], "steps:not_a_step"),
        (["-w", "steps:flow", "-i", "1"], "--initial-context"),
    ],
)
def test_usage_errors(dotflow: Run, arguments: list[str], message: str) -> None:
    """A mistake in the arguments is named, with exit code 2 and no traceback."""
    result = dotflow("start", *arguments)
    assert result.returncode == 2, result.stderr
    # The message is wrapped to the terminal's width.
    assert message.replace(" ", "") in "".join(result.stderr.split())
    assert "Traceback" not in result.stderr
