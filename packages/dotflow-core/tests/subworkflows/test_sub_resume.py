"""A run that ended inside a sub-workflow goes on inside it."""

from __future__ import annotations

import pytest

SCRIPT = """
import os, signal, sys
from pathlib import Path
from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

mode, kill_at = sys.argv[1:3]
HERE = Path(__file__).parent
PARENT = os.getpid()

def step(name):
    @action
    def run(previous_context):
        with open(HERE / "journal", "a") as file:
            file.write(name + "\\n")
        if name == kill_at:
            os.kill(PARENT, signal.SIGKILL)
        return (previous_context.storage or "") + name
    return run

child = DotFlow()
for name in "bcd":
    child.task.add(step(name), name=name)
workflow = DotFlow(Config(storage=StorageSQLite(HERE / "store")), workflow_id="w")
workflow.task.add(step("a"), name="a")
workflow.task.add(child, name="child", depends_on="a")
workflow.task.add(step("e"), name="e", depends_on="child")
workflow.start(mode=mode, resume=True)
print(workflow.result_storage()[-1], *workflow.config.storage.list_keys("w-child"))
"""


@pytest.mark.parametrize("kill_at", ["b", "c", "d"])
@pytest.mark.parametrize("mode", ["sequential", "parallel", "threads", "async"])
def test_a_resume_goes_on_inside(mode, kill_at, tmp_path, program):
    """Killed inside a child, a new process repeats only the task that was killed."""
    assert program(SCRIPT, mode, kill_at).returncode == -9
    result = program(SCRIPT, mode, "never")
    assert result.stdout.split() == [
        "abcde",
        "w-child",
        "w-child%2Fb",
        "w-child%2Fc",
        "w-child%2Fd",
    ], result.stderr
    journal = "".join((tmp_path / "journal").read_text().split())
    assert journal == "abcde".replace(kill_at, kill_at * 2)


def test_a_completed_child_does_not_run_again(tmp_path, program):
    """After the end a resumed run restores the child and all its tasks."""
    for _ in range(2):
        result = program(SCRIPT, "sequential", "never")
        assert result.stdout.startswith("abcde"), result.stderr
    assert len((tmp_path / "journal").read_text().split()) == 5
