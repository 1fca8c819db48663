"""Names that users chose, in what commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

NASTY = ["one\nFORGED", "one\rFORGED", "\x1b[2Jone\x1b]0;FORGED\x07", "a\u2028FORGED"]
PROGRAM = """
from dotflow import Config, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite

@action
def work():
    raise ValueError(NAME)

def build():
    log = LogDefault(output="both", path="flow.log")
    config = Config(storage=StorageSQLite("runs.db"), log=log)
    flow = DotFlow(config, workflow_id="w", name=NAME)
    flow.task.add(work, name=NAME)
    return flow
"""


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize(
    "arguments",
    [
        ["start", "-w", "named:build"],
        ["graph", "-w", "named:build"],
        ["show", "-o", "sqlite:///runs.db"],
        ["logs", "-o", "sqlite:///runs.db"],
        ["logs", "-o", "sqlite:///runs.db", "--json"],
    ],
    ids=" ".join,
)
def test_no_name_begins_a_line(
    name: str, arguments: list[str], dotflow: Any, folder: Path
) -> None:
    """No output has a line that a name began, nor what would steer a terminal."""
    (folder / "named.py").write_text(f"NAME = {name!r}\n{PROGRAM}")
    if arguments[0] not in ("start", "graph"):
        dotflow("start", "-w", "named:build")
    ran = dotflow(*arguments)
    said = ran.stdout + ran.stderr
    assert "FORGED" in said, said
    assert "\x1b" not in said
    assert not [
        line
        for line in said.splitlines()
        # What a step has raised is shown as Python does, after `ValueError:`.
        if line.startswith("FORGED") and arguments[0] not in ("start", "show")
    ]
