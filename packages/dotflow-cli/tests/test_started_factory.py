"""`--workflow` of a function that starts its workflow itself, as dotflow 1.x had it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Run

OLD = """
from dotflow import DotFlow, Pipeline, action
from steps import note

@action
def step():
    note("ran.txt")
    return 1

@action
def bad():
    step()
    raise ValueError("no")

def of(step):
    workflow = DotFlow()
    workflow.task.add(step)
    return workflow

def main(mode="sequential"):
    workflow = of(step)
    workflow.start(mode=mode)
    return workflow

def manager():
    return of(step).start()

def fails():
    workflow = of(bad)
    workflow.start()
    return workflow

def background():
    return main("background")

def nothing():
    main()

def piped():
    pipeline = Pipeline("p")
    pipeline.task(name="s")(write)
    pipeline.run()
    return pipeline

def write():
    note("ran.txt")
"""


@pytest.fixture(autouse=True)
def _old(folder: Path) -> None:
    (folder / "old.py").write_text(OLD)
    (folder / "script.py").write_text(f"{OLD}\nworkflow = of(step)\nworkflow.start()\n")


def count(folder: Path) -> int:
    file = folder / "ran.txt"
    return len(file.read_text()) if file.exists() else 0


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("old:main", 0),
        ("old:manager", 0),
        ("old:background", 0),
        ("old:piped", 0),
        ("old.py:main", 0),
        ("old:fails", 1),
        ("script:workflow", 0),
    ],
)
def test_the_run_that_happened_is_the_commands(
    dotflow: Run, folder: Path, where: str, code: int
) -> None:
    """Each step runs once; the exit code and the summary are those of that run."""
    done = dotflow("start", "-w", where)
    assert (done.returncode, count(folder)) == (code, 1), done.stderr
    assert "starts its workflow itself, and that run was taken:" in done.stderr
    assert ("Completed" if code == 0 else "ValueError: no") in done.stderr


def test_what_could_not_be_applied_is_named(dotflow: Run, folder: Path) -> None:
    """The one line also names the options that came too late."""
    done = dotflow("start", "-w", "old:main", "-m", "parallel", "-o", "file", "-i", "1")
    assert (done.returncode, count(folder)) == (0, 1), done.stderr
    assert "was taken, without --initial-context" in done.stderr
    assert "--storage and --mode:" in done.stderr


def test_the_report_of_that_run_as_json(dotflow: Run, folder: Path) -> None:
    """`--json` prints the run that happened."""
    done = dotflow("start", "-w", "old:main", "--json")
    report = json.loads(done.stdout[done.stdout.index("{") :])
    assert (report["status"], count(folder)) == ("Completed", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("start", "-w", "old:main", "--dry-run"),
        ("start", "-w", "old:main", "--only", "step"),
        ("start", "-w", "old:main", "--from", "step"),
        ("start", "-w", "old:main", "--task", "step", "--run-id", "1"),
        ("start", "-w", "script:workflow", "--dry-run"),
        ("graph", "-w", "old:main"),
        ("schedule", "-w", "old:main", "--cron", "* * * * *"),
    ],
)
def test_what_must_run_nothing_yet_refuses_before_anything_runs(
    dotflow: Run, folder: Path, arguments: tuple[str, ...]
) -> None:
    """Where a run would come at the wrong time, the start within is refused."""
    done = dotflow(*arguments)
    assert (done.returncode, count(folder)) == (2, 0), done.stderr
    assert "starts its workflow itself: let it return the workflow" in done.stderr


def test_a_run_that_cannot_be_taken_is_told(dotflow: Run, folder: Path) -> None:
    """Nothing runs twice, and the message says that it has run, and how it ended."""
    done = dotflow("start", "-w", "old:nothing")
    assert (done.returncode, count(folder)) == (2, 1), done.stderr
    said = "it returned None and has run a workflow, which is Completed"
    assert said in " ".join(done.stderr.split())
