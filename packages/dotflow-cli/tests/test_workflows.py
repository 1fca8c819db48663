"""`dotflow start --workflow`: what it may name, and that options win over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    "where", ["steps:chain", "steps.chain", "steps.py:chain", "./steps.py:workflow"]
)
@pytest.mark.parametrize("mode", ["sequential", "parallel"])
def test_where(dotflow: Run, folder: Path, where: str, mode: str) -> None:
    """A module, a file, a function and a workflow itself all lead to a run."""
    result = dotflow("start", "-w", where, "-m", mode)
    assert result.returncode == 0, result.stderr
    assert (folder / "three").read_text() == "x"


def test_pipeline(dotflow: Run) -> None:
    """A pipeline runs as a workflow does, with the storage of the options."""
    command = ["start", "-w", "steps:pipeline", "-o", "sqlite", "--workflow-id", "etl"]
    assert "total 3" in dotflow(*command).stdout
    again = dotflow(*command, "--resume")
    assert again.returncode == 0, again.stderr
    assert "total" not in again.stdout
    assert "etl/total: restored" in again.stderr


def test_an_action_is_no_factory(dotflow: Run, folder: Path) -> None:
    """A step that is named as a workflow is refused, not run to see what it returns."""
    result = dotflow("start", "-w", "steps:one", "--dry-run")
    assert result.returncode != 0
    assert "--step steps:one" in result.stderr
    assert "take @action off" in result.stderr
    assert not (folder / "one").exists()


def test_params(dotflow: Run) -> None:
    """Arguments of the function are JSON, or else texts."""
    result = dotflow(
        "start",
        "-w",
        "steps:with_arguments",
        "--param",
        "times=2",
        "--param",
        "word=a b",
    )
    assert result.stdout == "got 'a b'\n" * 2


def test_a_misspelt_param(dotflow: Run) -> None:
    """An argument that the function does not take is told with the one that was meant."""
    result = dotflow("start", "-w", "steps:with_arguments", "--param", "tims=2")
    assert result.returncode == 2
    assert "Did you mean 'times'?" in " ".join(result.stderr.split())


def test_options_win(dotflow: Run, folder: Path) -> None:
    """Storage and id of the options win over those that the workflow names."""
    result = dotflow(
        "start", "-w", "steps:own", "-o", "file", "-p", "ours", "--workflow-id", "ours"
    )
    assert result.returncode == 0, result.stderr
    assert not (folder / "theirs").exists()
    assert list((folder / "ours").iterdir())


def test_own_settings(dotflow: Run, folder: Path) -> None:
    """Without options the workflow keeps its own storage."""
    assert dotflow("start", "-w", "steps:own").returncode == 0
    assert (folder / "theirs").exists()


def test_resume_as_the_readme_says(dotflow: Run, folder: Path) -> None:
    """A failed run goes on where it was, with the storage and id of the options."""
    command = ["start", "--workflow", "steps.chain", "--storage", "sqlite:///runs.db"]
    command += ["--workflow-id", "nightly", "--resume"]
    (folder / "broken").touch()
    failed = dotflow(*command)
    assert failed.returncode == 1
    assert "--resume" in failed.stderr
    (folder / "broken").unlink()
    assert dotflow(*command).returncode == 0
    ran = {name: (folder / name).read_text() for name in ("one", "two", "three")}
    assert ran == {"one": "x", "two": "xx", "three": "x"}


def test_no_word_of_resuming(dotflow: Run, folder: Path) -> None:
    """What cannot be resumed is not said to be."""
    (folder / "broken").touch()
    assert "--resume" not in dotflow("start", "-w", "steps:chain").stderr


def test_only(dotflow: Run, folder: Path) -> None:
    """`--only` runs a task and what it depends on, and nothing else."""
    assert dotflow("start", "-w", "steps:chain", "--only", "two").returncode == 0
    assert (folder / "one").exists()
    assert (folder / "two").exists()
    assert not (folder / "three").exists()


def test_from(dotflow: Run, folder: Path) -> None:
    """`--from` runs a completed task again, and all after it, and nothing before it."""
    command = ["start", "-w", "steps:chain", "-o", "sqlite", "--workflow-id", "nightly"]
    assert dotflow(*command).returncode == 0
    assert dotflow(*command, "--from", "two").returncode == 0
    ran = {name: (folder / name).read_text() for name in ("one", "two", "three")}
    assert ran == {"one": "x", "two": "xx", "three": "xx"}


def test_dry_run(dotflow: Run, folder: Path) -> None:
    """`--dry-run` draws the graph and runs nothing."""
    result = dotflow("start", "-w", "steps:chain", "--dry-run")
    assert result.returncode == 0
    assert result.stdout == "1  ●  one\n2  ●  two\n3  ●  three\n"
    assert not (folder / "one").exists()


def test_keep_going(dotflow: Run, folder: Path) -> None:
    """With `--keep-going` a task runs although the one before it has failed."""
    (folder / "more.py").write_text(
        "from steps import *\n"
        "def build():\n"
        "    workflow = DotFlow()\n"
        "    workflow.task.add([fail, count])\n"
        "    return workflow\n"
    )
    assert dotflow("start", "-w", "more:build").returncode == 1
    assert not (folder / "count").exists()
    assert dotflow("start", "-w", "more:build", "--keep-going").returncode == 1
    assert (folder / "count").exists()


def test_deadline(dotflow: Run) -> None:
    """A run that its deadline ends has failed."""
    result = dotflow("start", "-w", "steps:waiting", "--deadline", "0.2")
    assert result.returncode == 1
    assert "Cancelled" in result.stderr


def test_plain_progress(dotflow: Run) -> None:
    """Where nothing can be redrawn, each change of a task is a line, without colours."""
    result = dotflow("start", "-w", "steps:chain")
    lines = result.stderr.splitlines()
    assert [line for line in lines if line.endswith(": started")] == [
        "one: started",
        "two: started",
        "three: started",
    ]
    assert "\x1b" not in result.stderr
    assert not result.stdout


def test_user_traceback(dotflow: Run) -> None:
    """What the user's function raises is shown from their own line on."""
    result = dotflow("start", "-w", "steps:broken")
    assert result.returncode == 1
    assert "ZeroDivisionError" in result.stderr
    assert "return 1 / 0" in result.stderr
    assert "dotflow_cli" not in result.stderr


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import no_such_module", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("raise RuntimeError('at import')", "at import"),
        ("import sys; sys.exit(0)", "SystemExit"),
    ],
)
def test_import_errors(dotflow: Run, folder: Path, code: str, message: str) -> None:
    """Code that cannot be imported ends the command with 1 and its own traceback."""
    (folder / "bad.py").write_text(f"{code}\n")
    for where in ("bad:build", "bad.py:build"):
        result = dotflow("start", "-w", where)
        assert result.returncode == 1, result.stderr
        assert message in result.stderr
        assert "dotflow_cli" not in result.stderr
        assert "importlib" not in result.stderr


def test_a_task_that_exits(dotflow: Run) -> None:
    """A task that ends the program with 0 is no success."""
    assert dotflow("start", "-s", "steps.leave").returncode == 1


def test_storage_that_fails(dotflow: Run, folder: Path) -> None:
    """A result that cannot be stored fails the task, without frames of dotflow."""
    (folder / "file").touch()
    result = dotflow("start", "-s", "steps.one", "-o", "file", "-p", "file/below")
    assert result.returncode == 1
    assert "could not be stored" in result.stderr
    assert "Traceback" not in result.stderr
