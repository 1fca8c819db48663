"""Runs whose process was killed: found, marked, and resumed in a new process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from resuming import RESUMING

from dotflow import Pipeline, SQLiteStateStore
from dotflow.base.liveness import has_died, is_dead, process_token

needs_kill = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on Windows"
)

SCRIPT = (
    """
    import asyncio
    import os
    import signal
    import sys
    from pathlib import Path

    from dotflow import Pipeline, SQLiteStateStore

    die_in = sys.argv[1]
    store = SQLiteStateStore("runs.db")
    pipeline = Pipeline("p", state_store=store, max_parallel=1)


    def note(name):
        with Path("ran.txt").open("a") as file:
            file.write(name)
        if name == die_in:
            os.kill(os.getpid(), signal.SIGKILL)


    def make(name, deps):
        @pipeline.task(name=name, deps=deps)
        async def step(upstream):
            note(name)
            return name, list(upstream.values())


    for name, deps in (("a", ""), ("b", "a"), ("c", "a"), ("d", "bc")):
        make(name, list(deps))
"""
    + RESUMING
)


@needs_kill
@pytest.mark.parametrize("die_in", "abcd")
def test_resume_after_a_kill(run_script, tmp_path, die_in):
    """A new process goes on where a killed one was, and ends as one that was not."""
    killed = run_script(SCRIPT, die_in)
    assert killed.returncode == -signal.SIGKILL
    resumed = run_script(SCRIPT, "-")
    assert resumed.returncode == 0, resumed.stderr
    whole = ("d", [("b", [("a", [])]), ("c", [("a", [])])])
    assert resumed.stdout == f"FAILED SUCCESS {whole}\n"
    ran = (tmp_path / "ran.txt").read_text()
    assert ran == "abcd".replace(die_in, die_in * 2), "only the killed one runs again"


@needs_kill
def test_what_a_killed_run_looks_like(run_script, tmp_path):
    """A dead process's running task is marked as crashed, and so is what it skipped."""
    run_script(SCRIPT, "b")
    unmarked = SQLiteStateStore(tmp_path / "runs.db", recover=False)
    (run,) = unmarked.list_runs()
    assert (run.status, run.finished_at) == ("RUNNING", None)
    unmarked.close()
    store = SQLiteStateStore(tmp_path / "runs.db")
    report = Pipeline("p", state_store=store).get_run_report(run.run_id)
    found = {n: (t["status"], t["error"]) for n, t in report["tasks"].items()}
    assert found == {
        "a": ("SUCCESS", None),
        "b": ("FAILED", "PROCESS_CRASH"),
        "c": ("SKIPPED", "PROCESS_CRASH"),
        "d": ("SKIPPED", "PROCESS_CRASH"),
    }
    assert store.list_runs("p", "FAILED")[0].run_id == run.run_id
    assert store.recover() == []
    store.close()


def test_a_run_of_a_living_process_is_left_alone(tmp_path):
    """While its process lives a run is running for everyone who looks."""
    seen = []
    store = SQLiteStateStore(tmp_path / "runs.db")
    pipeline = Pipeline("p", state_store=store)

    @pipeline.task()
    def look():
        code = (
            "import sys; from dotflow import SQLiteStateStore;"
            "store = SQLiteStateStore(sys.argv[1]);"
            "run = store.list_runs()[0];"
            "print(run.status, store.get_run(run.run_id).tasks['look'].status)"
        )
        command = [sys.executable, "-c", code, str(tmp_path / "runs.db")]
        seen.append(subprocess.run(command, capture_output=True, text=True).stdout)

    assert pipeline.run()["status"] == "SUCCESS"
    assert seen == ["RUNNING RUNNING\n"]
    store.close()


def test_which_processes_are_dead():
    """A process counts as dead once it has ended, and never if another host runs it."""
    assert not is_dead(process_token())
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    token = process_token(child.pid)
    assert not is_dead(token)
    child.communicate(b"\n")
    assert is_dead(token)
    host, _, _ = token.partition("/")
    assert not is_dead(token.replace(host, host + "-other"))
    assert not is_dead("nonsense")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_an_id_that_is_used_again():
    """A process that has the id of a dead one is not taken for it."""
    host, pid, beginning = process_token().split("/")
    began, _, machine = beginning.partition("@")
    assert is_dead(f"{host}/{pid}/{int(began) - 1}@{machine}")
    assert is_dead(f"{host}/{pid}/{int(began) - 1}")  # as dotflow 2.0.0a2 wrote it
    assert not is_dead(f"{host}/{pid}/{began}")


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="boots are known there"
)
def test_a_process_of_a_former_boot_is_dead_and_of_another_container_unknown():
    """Ids and beginnings come again after a reboot, and in each container."""
    token = process_token()
    process, _, machine = token.partition("@")
    boot, _, container = machine.partition(":")
    assert is_dead(f"{process}@00000000:{container}")
    elsewhere = f"{process}0@{boot}:1"
    assert is_dead(f"{process}0@{boot}:{container}")
    assert not is_dead(elsewhere)
    assert not has_died(elsewhere, time.time())
    assert has_died(elsewhere, time.time() - 3600)
    # Of the same name on another machine, or before a restart: only silence tells.
    namesake = f"{process}@00000000:{container}"
    assert not has_died(namesake, time.time())
    assert has_died(namesake, time.time() - 3600)


def test_a_process_whose_beginning_nobody_knows(monkeypatch):
    """Where ids alone tell processes apart, one that is long silent has died."""
    monkeypatch.setattr("dotflow.base.liveness._beginning", lambda pid: "")
    host, pid, _ = process_token().split("/")
    assert not has_died(f"{host}/{pid}/", time.time())
    assert has_died(f"{host}/{pid}/", time.time() - 3600)
