"""`dotflow start --task`: a task a process, as engines of platforms start them."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

STEPS = """
import os, time
from pathlib import Path
from dotflow import Config, DotFlow, action

@action
def one():
    print("one runs")
    return 20

@action(retry=3, retry_delay=60)
def two(previous_context):
    if Path("broken").exists():
        raise RuntimeError("it is broken")
    return previous_context.storage + 1

@action(retry=3, retry_on=KeyError)
def hopeless(previous_context):
    raise ValueError("no attempt helps")

@action
def leave():
    raise SystemExit(0)

@action
def wait():
    Path("waiting").touch()
    time.sleep(600)

def build(add: int = 0):
    flow = DotFlow()
    flow.task.add(one)
    flow.task.add(two, depends_on=one)
    flow.task.add(two, name="last", depends_on=two)
    flow.task.add(hopeless, depends_on=one)
    flow.task.add([leave, wait], depends_on=[])
    return flow
"""


@pytest.fixture
def task(dotflow, folder):
    """Run a task of a run in a process of its own."""
    (folder / "flows.py").write_text(STEPS, encoding="utf-8")

    def run(name, *options, run_id="r1", storage="sqlite:///runs.db"):
        where = [f"--task={name}", f"--run-id={run_id}"]
        kept = ["--storage", storage] if storage else []
        return dotflow("start", "-w", "flows:build", *where, *kept, *options)

    return run


def test_tasks_in_processes_make_a_run(task, dotflow):
    """Each process finds what is upstream, and `--resume` finds the whole run."""
    done = task("one")
    assert done.returncode == 0, done.stderr
    assert "one runs" in done.stdout
    assert task("two").returncode == 0
    last = task("last", "--json")
    assert last.returncode == 0
    report = json.loads(last.stdout)
    assert report["workflow_id"] == "r1"
    assert [(t["name"], t["status"]) for t in report["tasks"]] == [
        ("two", "Completed"),
        ("last", "Completed"),
    ]
    again = task("one")
    assert again.returncode == 0
    assert "one runs" not in again.stdout
    assert "restored" in again.stderr


def test_exit_code_says_whether_to_try_again(task, folder):
    """1: another attempt may help. 3: none can. 2: it cannot be run at all."""
    assert task("one").returncode == 0
    (folder / "broken").touch()
    for name, code, told in (
        ("two", 1, "RuntimeError: it is broken"),
        ("hopeless", 3, "no attempt helps"),
        ("leave", 3, ""),
        ("last", 2, "no result of 'two'"),
        ("tow", 2, "Did you mean 'two'?"),
    ):
        done = task(name)
        assert done.returncode == code, name
        assert told in done.stderr


def test_task_after_a_failed_one_is_skipped_on_request(task, folder):
    """With `--keep-going` a task whose upstream has failed is skipped, which is no error."""
    task("one")
    (folder / "broken").touch()
    task("two", "--keep-going")
    skipped = task("last", "--keep-going")
    assert skipped.returncode == 0
    assert "Skipped" in skipped.stderr


def test_storage_comes_from_the_environment(task, dotflow, folder):
    """Without a durable storage nothing runs; `DOTFLOW_STORAGE` gives one."""
    refused = task("one", storage=None)
    assert refused.returncode == 2
    assert "DOTFLOW_STORAGE" in refused.stderr
    assert "one runs" not in refused.stdout
    where = ["-w", "flows:build", "--task", "one", "--run-id", "r1"]
    for expected in (True, False):
        done = dotflow("start", *where, DOTFLOW_STORAGE="file:kept")
        assert done.returncode == 0
        assert ("one runs" in done.stdout) is expected


@pytest.mark.parametrize(
    "options",
    [
        ["--task", "one"],
        ["--run-id", "r1"],
        ["--task", "one", "--run-id", "r1", "--resume"],
        ["--task", "one", "--run-id", "r1", "--only", "one"],
        ["--task", "one", "--run-id", "r1", "--workflow-id", "x"],
        ["--task", "one", "--run-id", "r1", "--deadline", "3"],
        ["--task", "one", "--run-id", "r1", "--dry-run"],
        ["--task", "one", "--run-id", "not an id"],
    ],
)
def test_what_makes_no_sense_is_refused(options, dotflow, folder):
    """Options that one task has no use for are refused, and nothing runs."""
    (folder / "flows.py").write_text(STEPS, encoding="utf-8")
    done = dotflow("start", "-w", "flows:build", "-o", "sqlite:///runs.db", *options)
    assert done.returncode == 2
    assert "one runs" not in done.stdout


def test_termination_marks_the_task_and_tells_the_signal(
    program, begun, folder, environ, task
):
    """A platform that stops a step finds 143, and the history that it was cancelled."""
    assert task("one").returncode == 0
    command = ["start", "-w", "flows:build", "-o", "sqlite:///runs.db"]
    command += ["--task", "wait", "--run-id", "r1"]
    with begun(*command) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
    assert process.returncode == 143
    listed = subprocess.run(
        [program, "runs", "-o", "sqlite:///runs.db", "--json"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(listed.stdout)[0]["status"] in ("Failed", "Cancelled")
