"""A run that dies is resumed in a new process, from what the server holds."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, sys
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageRedis

def note(name):
    with open("ran", "a") as file:
        file.write(name + " ")

@action
def extract():
    note("extract")
    return {"rows": (1, 2)}

@action
def load(previous_context):
    note("load")
    if sys.argv[1] == "die":
        os._exit(9)
    return sum(previous_context.storage["rows"])

flow = DotFlow(config=Config(storage=StorageRedis(prefix=sys.argv[2])), workflow_id="etl")
flow.task.add(extract)
flow.task.add(load)
flow.start(resume=True)
print([task.current_context.storage for task in flow.result_task()])
"""


def test_resume_in_a_new_process(server: Any, prefix: str, tmp_path: Path) -> None:
    """A completed step is not repeated after its process has died."""
    environ = os.environ | {"REDIS_URL": server.url}
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")

    def run(word: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "program.py", word, prefix],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
        )

    assert run("die").returncode == 9
    resumed = run("go on")
    assert resumed.stdout == "[{'rows': (1, 2)}, 3]\n", resumed.stderr
    assert (tmp_path / "ran").read_text() == "extract load load "
