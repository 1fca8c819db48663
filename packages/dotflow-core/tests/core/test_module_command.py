"""`python -m dotflow`, where the command is not installed."""

from __future__ import annotations

import subprocess
import sys

_WITHOUT = """
import runpy, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "dotflow_cli":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
runpy.run_module("dotflow", run_name="__main__")
"""


def test_it_says_what_to_install() -> None:
    """The core alone has no command: it says which package brings it, and fails."""
    ended = subprocess.run(
        [sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "Module 'dotflow_cli' not found. Please install it with: pip install dotflow-cli"
    ]
