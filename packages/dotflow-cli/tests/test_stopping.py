"""Ctrl-C while tasks run."""

from __future__ import annotations

import signal
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from dotflow.providers import StorageSQLite

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Begun = Callable[..., AbstractContextManager[subprocess.Popen[str]]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


@pytest.fixture
def waiting(begun: Begun) -> Begun:
    """Give a function that starts a run and waits until its second task waits."""
    return partial(begun, "start", "-w", "steps:waiting")


BLOCKING = """
import asyncio, sys, time
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

@action
def block():
    Path("started").touch()
    time.sleep(1000)

@action
async def block_the_loop():
    Path("started").touch()
    time.sleep(1000)

@action
async def wait_for_a_thread():
    await asyncio.to_thread(block.func)

def flow(kind):
    made = DotFlow(Config(storage=StorageSQLite("runs.db")), workflow_id="w")
    made.task.add({"block": block, "loop": block_the_loop, "thread": wait_for_a_thread}[kind])
    return made
"""
MODES = ("sequential", "background", "threads", "parallel", "async")
CASES = [
    *((mode, "block") for mode in MODES),
    ("async", "loop"),
    ("async", "thread"),
]


@pytest.mark.parametrize(("number", "times"), [(signal.SIGINT, 1), (signal.SIGTERM, 2)])
@pytest.mark.parametrize(("mode", "kind"), CASES)
@pytest.mark.sampled(6)
def test_a_step_that_blocks(
    begun: Begun,
    folder: Path,
    mode: str,
    kind: str,
    number: signal.Signals,
    times: int,
) -> None:
    """A run ends in time in every mode, and one signal or two leave the same record."""
    (folder / "blocking.py").write_text(BLOCKING)
    arguments = ["start", "-w", "blocking:flow", "--param", f"kind={kind}", "-m", mode]
    with begun(*arguments, until="started") as process:
        began = time.monotonic()
        process.send_signal(number)
        if times == 2:
            assert process.stderr is not None
            while "Stopping" not in process.stderr.readline():
                pass
            process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    # 4 s to end by itself, 2 to be interrupted, 2 to be told; the rest is the machine's.
    assert time.monotonic() - began < 40
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    runs = StorageSQLite(folder / "runs.db")
    assert [run.status for run in runs.history.runs()] == ["Cancelled"]
    runs.close()


def test_what_runs_may_end(begun: Begun, folder: Path, dotflow: Run) -> None:
    """After one Ctrl-C a step that ends in time is kept, in other modes as well."""
    (folder / "short.py").write_text(
        BLOCKING.replace("time.sleep(1000)", "time.sleep(2)")
    )
    arguments = ["start", "-w", "short:flow", "--param", "kind=block", "-m"]
    for mode in MODES:
        (folder / "started").unlink(missing_ok=True)
        with begun(*arguments, mode, until="started") as process:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        (folder / "started").unlink()
        result = dotflow(*arguments, mode, "--resume")
        assert result.returncode == 0, result.stderr
        assert not (folder / "started").exists(), mode


def test_once(waiting: Begun, folder: Path) -> None:
    """After the first Ctrl-C what runs ends, nothing else begins, and the code is 130."""
    with waiting() as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        while "Stopping" not in process.stderr.readline():
            pass
        (folder / "go").touch()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "--resume" not in errors
    assert not (folder / "count").exists()


def test_resumable(waiting: Begun, folder: Path, dotflow: Run) -> None:
    """Where a run can be resumed it says so, and the resumed run repeats nothing."""
    options = ["-o", "file", "--workflow-id", "nightly"]
    with waiting(*options) as process:
        process.send_signal(signal.SIGINT)
        (folder / "go").touch()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors
    result = dotflow("start", "-w", "steps:waiting", *options, "--resume")
    assert result.returncode == 0, result.stderr
    assert (folder / "one").read_text() == "x"
    assert (folder / "count").read_text() == "x"


@pytest.mark.parametrize("mode", ["sequential", "background", "parallel"])
def test_twice(waiting: Begun, mode: str) -> None:
    """The second Ctrl-C ends what runs, however long it would have taken."""
    with waiting("-m", mode) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_terminate(waiting: Begun, folder: Path) -> None:
    """SIGTERM ends a run in good order, too."""
    with waiting() as process:
        process.send_signal(signal.SIGTERM)
        (folder / "go").touch()
        process.communicate(timeout=60)
    assert process.returncode == 143
