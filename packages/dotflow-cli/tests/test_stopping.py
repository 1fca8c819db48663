"""Ctrl-C while tasks run."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")


@pytest.fixture
def waiting(
    program: Path, folder: Path, environ: dict[str, str]
) -> Callable[..., subprocess.Popen[str]]:
    """Give a function that starts a run and waits until its second task waits."""

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [program, "start", "-w", "steps:waiting", *arguments],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not (folder / "waiting").exists():
            assert process.poll() is None
            time.sleep(0.02)
        return process

    return begin


def test_once(waiting: Callable[..., subprocess.Popen[str]], folder: Path) -> None:
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


def test_resumable(
    waiting: Callable[..., subprocess.Popen[str]], folder: Path, dotflow: Run
) -> None:
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
def test_twice(waiting: Callable[..., subprocess.Popen[str]], mode: str) -> None:
    """The second Ctrl-C ends what runs, however long it would have taken."""
    with waiting("-m", mode) as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_terminate(waiting: Callable[..., subprocess.Popen[str]], folder: Path) -> None:
    """SIGTERM ends a run in good order, too."""
    with waiting() as process:
        process.send_signal(signal.SIGTERM)
        (folder / "go").touch()
        process.communicate(timeout=60)
    assert process.returncode == 143
