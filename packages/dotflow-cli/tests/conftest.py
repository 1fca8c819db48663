"""The command as a user calls it: in a process of its own, in a folder with code."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Run = Callable[..., subprocess.CompletedProcess[str]]

STEPS = """
import os, sys, time
from pathlib import Path
from dotflow import Config, DotFlow, Pipeline, action, progress
from dotflow.providers import StorageFile

def note(name):
    with open(name, "a") as file:
        file.write("x")

@action
def greet(initial_context):
    print("got", repr(initial_context.storage))

@action
def fail():
    raise ValueError("no [bold]way[/bold]")

@action
def count():
    note("count")

@action
def one():
    note("one")
    return 1

@action
def two(previous_context):
    note("two")
    if Path("broken").exists():
        raise RuntimeError("it is broken")
    return previous_context.storage + 1

@action
def three(previous_context):
    note("three")
    return previous_context.storage + 1

@action
def wait_for_go():
    progress(3, 10, name="rows")
    Path("waiting").touch()
    while not Path("go").exists():
        time.sleep(0.01)

@action
def leave():
    sys.exit(0)

def after(task):
    print("after", task.status)

def flow():
    workflow = DotFlow()
    workflow.task.add([count, count])
    return workflow

def chain(workflow_id=None):
    workflow = DotFlow(workflow_id=workflow_id)
    workflow.task.add(one)
    workflow.task.add(two, depends_on=one)
    workflow.task.add(three, depends_on=two)
    return workflow

def waiting():
    workflow = DotFlow()
    workflow.task.add([one, wait_for_go, count])
    return workflow

def own():
    workflow = DotFlow(Config(storage=StorageFile("theirs")), workflow_id="theirs")
    workflow.task.add(one)
    return workflow

def with_arguments(times: int, *, word: str = "x"):
    workflow = DotFlow()
    for _ in range(times):
        workflow.task.add(greet, initial_context=word)
    return workflow

def one_step(step):
    workflow = DotFlow()
    workflow.task.add(globals()[step])
    return workflow

def nothing():
    pass

async def later():
    pass

def broken():
    return 1 / 0

workflow = chain()
not_a_step = 1

pipeline = Pipeline("etl")

@pipeline.task()
def extract() -> list[int]:
    return [1, 2]

@pipeline.task()
def total(extract: list[int]) -> int:
    print("total", sum(extract))
    return sum(extract)
"""


@pytest.fixture
def program() -> Path:
    """Give the path of the installed console script."""
    return Path(sys.executable).with_name("dotflow")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Give an environment without any setting of whoever runs the tests."""
    ours = ("DOTFLOW_", "SERVER_", "WORKFLOW_ID", "COVERAGE_")
    found = {name: v for name, v in os.environ.items() if not name.startswith(ours)}
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    return found | {"HOME": str(home), "TERM": "xterm", "PYTHONWARNINGS": "error"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with `steps.py`."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "steps.py").write_text(STEPS, encoding="utf-8")
    return work


@pytest.fixture
def dotflow(program: Path, folder: Path, environ: dict[str, str]) -> Run:
    """Give a function that runs `dotflow` in the folder."""

    def run(
        *arguments: str, input: str = "", cwd: Path = folder, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=cwd,
            env=environ | variables,
            capture_output=True,
            input=input,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    return run


@pytest.fixture
def begun(
    program: Path, folder: Path, environ: dict[str, str]
) -> Callable[..., AbstractContextManager[subprocess.Popen[str]]]:
    """Give what runs `dotflow` in the folder, and begins once a file is there."""

    @contextmanager
    def begin(
        *arguments: str, until: str = "waiting", holds: str = ""
    ) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            [program, *arguments],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            file = folder / until
            try:
                while not file.exists() or (holds and file.read_text() != holds):
                    assert process.poll() is None, process.communicate()
                    time.sleep(0.02)
                yield process
            finally:
                process.kill()  # a test that has failed would wait for its end

    return begin
