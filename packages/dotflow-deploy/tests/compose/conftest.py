"""A `docker` that keeps its state in a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


class Docker:
    """The folder of the program that stands for docker: its state and its calls."""

    def __init__(self, home: Path) -> None:
        self.home = home

    @property
    def state(self) -> dict[str, Any]:
        """What it knows."""
        path = self.home / "state.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
        return found

    def change(self, **values: Any) -> None:
        """Change what it knows."""
        (self.home / "state.json").write_text(json.dumps(self.state | values))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What it was called with."""
        lines = (self.home / "calls.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def mutations(self) -> list[str]:
        """The commands that have changed something."""
        words = [" ".join(call["argv"]) for call in self.calls]
        changing = ("build ", "volume create", "volume rm", "image rm", "push ")
        return [
            line
            for line in words
            if line.startswith(changing) or " up " in line or " down" in line
        ]


@pytest.fixture
def docker(docker: Path) -> Docker:
    """Wrap what `docker` records."""
    return Docker(docker)
