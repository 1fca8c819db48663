"""One task's way through dotflow is short: few files, few moves between them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WALK = Path(__file__).with_name("walk.py")


def walk(kind: str, tasks: int) -> Any:
    done = subprocess.run(
        [sys.executable, WALK, kind, str(tasks)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("kind", "moves", "files", "first"),
    [
        ("sequential", 38, 13, 240),
        # Its attempts wait in an event loop, and its state store writes each status.
        ("pipeline", 46, 14, 274),
    ],
)
def test_a_task_has_a_short_way(kind: str, moves: int, files: int, first: int) -> None:
    """A further task of a durable run makes few moves in few files; the first, more."""
    one, two = walk(kind, 1), walk(kind, 2)
    further = two["hops"] - one["hops"]
    entered = {
        name
        for name, calls in two["files"].items()
        if calls > one["files"].get(name, 0)
    }
    assert further <= moves
    assert len(entered) <= files, sorted(entered)
    assert one["hops"] <= first
