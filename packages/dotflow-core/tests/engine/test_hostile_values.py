"""Nothing looks at a value outside a guard: its own code ends no run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.start_methods

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))
import hostile_paths  # noqa: E402 - a program beside this file

# What other paths go through as well is left to the soak.
SOAKED = {"processes memory", "processes sqlite", "pickle", "own", "json"}
PATHS = [
    pytest.param(path, marks=pytest.mark.soak if path in SOAKED else ())
    for path in hostile_paths.PATHS
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.sampled(6)
def test_no_value_ends_a_run(path):
    """A value whose every attribute raises, exits or lies ends no run, in any path."""
    program = [sys.executable, FOLDER / "hostile_paths.py", path]
    done = subprocess.run(program, capture_output=True, text=True, timeout=300)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found == ["done"], (done.returncode, done.stderr[-2000:])
