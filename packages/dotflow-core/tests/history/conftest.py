"""What the tests of histories share."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest


@pytest.fixture
def start_script(tmp_path):
    """Start a script beside this process; what it prints can be read from it."""
    running = []

    def start(source):
        path = tmp_path / f"script{len(running)}.py"
        path.write_text(dedent(source), "utf-8")
        process = subprocess.Popen(
            [sys.executable, str(path)],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()
