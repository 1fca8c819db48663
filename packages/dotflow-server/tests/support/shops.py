"""A shop: a folder with workflows, and the processes that run and show them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "browser" / "shop.py"


class Shop:
    """A folder with the workflows of `shop.py`, and processes in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []
        home = folder / "home"
        home.mkdir()
        self._environment = {"HOME": str(home), "USERPROFILE": str(home)}
        shutil.copy(SOURCE, folder)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `dotflow` with arguments."""
        return self._process(str(Path(sys.executable).with_name("dotflow")), *arguments)

    def open(self) -> None:
        """Run all that a day begins with, in one process."""
        self._process(sys.executable, "shop.py").communicate(timeout=300)

    def _process(self, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **self._environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._started.append(process)
        return process

    def begin(self, workflow: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a workflow of the shop."""
        return self.start(
            "start", "-w", f"shop:{workflow}", "--progress", "none", *arguments
        )

    def run(self, workflow: str, *arguments: str) -> None:
        """Run a workflow of the shop to its end, whichever that is."""
        self.begin(workflow, *arguments).communicate(timeout=120)

    def open_gate(self, name: str) -> None:
        """Let a step go on that waits at a gate."""
        (self.folder / name).touch()

    def serve(self, *arguments: str) -> tuple[subprocess.Popen[str], str]:
        """Start a dashboard, and return its process and the address that it prints."""
        process = self.start(*arguments)
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                return process, found[0]
        raise AssertionError(f"It ended with {process.wait()} before it served")

    def stop(self) -> None:
        """End all that still goes on."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()
