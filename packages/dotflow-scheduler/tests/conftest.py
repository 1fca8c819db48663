"""Fixtures: a clock that a test moves, and programs to send signals to."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from dotflow_scheduler import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dotflow_scheduler import Wake


class FakeClock(Clock):
    """A clock on which every wait is over at once.

    Attributes:
        time: What it shows, in seconds since 1970.
        waits: The moments that were waited for.
        oversleep: How much too late the next wait ends, as after a suspend.
    """

    def __init__(self, *moment: int, zone: str = "UTC") -> None:
        self.time = datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp()  # type: ignore[arg-type, misc]
        self.waits: list[float] = []
        self.oversleep = 0.0

    def now(self) -> float:
        return self.time

    def sleep_until(self, moment: float, wake: Wake) -> None:
        self.waits.append(moment)
        if not wake.wait(0):
            self.time = max(self.time, moment) + self.oversleep
            self.oversleep = 0.0


@pytest.fixture
def make_clock() -> Callable[..., FakeClock]:
    """Make a clock that shows a date."""
    return FakeClock


class Program:
    """A script in a process and a folder of its own.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path, code: str) -> None:
        self.folder = folder
        (folder / "program.py").write_text(textwrap.dedent(code), encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "program.py"],
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, condition: Callable[[], Any]) -> None:
        """Wait until something is the case while the program runs."""
        deadline = time.monotonic() + 60
        while not condition():
            if self.process.poll() is not None:
                raise AssertionError(self.end())
            if time.monotonic() > deadline:
                raise AssertionError("it did not happen in a minute")
            time.sleep(0.01)

    def wait_for_file(self, name: str) -> None:
        """Wait until the program has written a file."""
        self.wait_for((self.folder / name).exists)

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file, none if there is no such file."""
        path = self.folder / name
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def end(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and what went to stderr."""
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture
def run_program(tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    """Start scripts, which are killed when the test ends."""
    started: list[Program] = []

    def run(code: str) -> Program:
        started.append(Program(tmp_path, code))
        return started[-1]

    yield run
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
            program.process.communicate()
