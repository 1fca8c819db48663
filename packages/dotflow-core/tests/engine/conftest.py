"""What the tests of the engine share: real processes, and waiting for conditions."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

# Far beyond what any condition needs, so that only a hang reaches it.
LIMIT = 120.0
# The start of every script that a test writes.
PRELUDE = """
import os, signal, sys, time
from pathlib import Path
HERE = Path(__file__).parent
def note(name, text=""):
    with open(HERE / name, "a") as file:
        file.write(f"{text}\\n")
"""


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            pass
    return found


class Processes:
    """Questions about processes and threads of this machine."""

    @staticmethod
    def is_alive(pid: int) -> bool:
        """Say whether a process runs; a zombie does not."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] not in "ZX"

    def wait_until_dead(self, *pids: int) -> None:
        """Wait for the end of processes that something else ends."""
        wait_for(lambda: not any(map(self.is_alive, pids)), f"the end of {pids}")

    @staticmethod
    def children() -> set[int]:
        """Return the children of this process."""
        return set(_children(os.getpid()))

    @staticmethod
    def open_files() -> int:
        """Return how many file descriptors this process has open."""
        return len(list(Path("/proc/self/fd").iterdir()))


def wait_for(condition, what: str = "a condition"):
    """Return what `condition()` returns once that is true."""
    until = time.monotonic() + LIMIT
    while not (value := condition()):
        if time.monotonic() > until:
            pytest.fail(f"waited {LIMIT:g} s for {what}")
        time.sleep(0.01)
    return value


@pytest.fixture
def processes():
    """Questions about processes and threads."""
    return Processes()


@pytest.fixture
def wait_until():
    """Wait for a condition with a generous limit."""
    return wait_for


def _threads() -> Counter[str]:
    # By name: around a fork the thread of a journal ends, and another one begins.
    return Counter(thread.name for thread in threading.enumerate())


@pytest.fixture
def nothing_left():
    """Check that a test leaves no thread and no process of this one behind."""
    threads, children = _threads(), set(_children(os.getpid()))
    started = multiprocessing.active_children()  # as a cluster of other tests has

    def check() -> None:
        assert _threads() <= threads
        assert set(multiprocessing.active_children()) <= set(started)
        assert set(_children(os.getpid())) <= children

    yield check
    check()


@pytest.fixture
def stops_growing():
    """Wait until a heartbeat file has the same size in two reads, many beats apart."""

    def check(path: Path) -> None:
        def stands_still() -> bool:
            before = path.stat().st_size
            time.sleep(0.25)  # 25 beats
            return path.stat().st_size == before

        wait_for(stands_still, f"the end of the beats in {path.name}")

    return check


def _heed_sigint() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Script:
    """A program in a file of its own, run in a session of its own."""

    def __init__(self, folder: Path, source: str) -> None:
        self.folder = folder
        self.path = folder / "program.py"
        self.path.write_text(PRELUDE + source, encoding="utf-8")
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *args: object, **environment: str) -> subprocess.Popen[str]:
        """Start it and return its process."""
        process = subprocess.Popen(
            [sys.executable, str(self.path), *map(str, args)],
            cwd=self.folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A shell's background jobs ignore SIGINT, and children inherit that.
            preexec_fn=_heed_sigint,  # noqa: PLW1509 - it calls nothing that can lock
        )
        self.started.append(process)
        return process

    def run(
        self, *args: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return self.finish(self.start(*args, **environment))

    def finish(
        self, process: subprocess.Popen[str]
    ) -> subprocess.CompletedProcess[str]:
        """Wait for the end of a started one and return what it has printed."""
        out, err = process.communicate(timeout=LIMIT)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def lines(self, name: str) -> list[str]:
        """Return what the script has noted so far."""
        try:
            return (self.folder / name).read_text().splitlines()
        except FileNotFoundError:
            return []

    def first_line(self, name: str) -> str:
        """Wait for the first whole line of a note and return it."""
        path = self.folder / name
        wait_for(
            lambda: path.exists() and "\n" in path.read_text(), f"{name} to appear"
        )
        return self.lines(name)[0]


@pytest.fixture
def script(tmp_path):
    """Make a script; whatever is left of it ends with the test."""
    made: list[Script] = []

    def make(source: str) -> Script:
        made.append(Script(tmp_path, source))
        return made[-1]

    yield make
    for one in made:
        for process in one.started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.communicate()
