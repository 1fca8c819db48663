"""Histories that are read from another process than the run's."""

from __future__ import annotations

import json
import os
import signal

import pytest

from dotflow import Config, DotFlow, action

RUN = """
    import sys
    from dotflow import Config, DotFlow, action
    from dotflow.providers import StorageSQLite

    @action
    def quick():
        return 1

    @action
    def wait():
        print("waiting", flush=True)
        sys.stdin.readline()

    if __name__ == "__main__":
        workflow = DotFlow(Config(storage=StorageSQLite("runs.db")), workflow_id="etl")
        workflow.task.add(quick).add(wait)
        workflow.start()
"""
READ = """
import json
from dotflow.providers import StorageSQLite
history = StorageSQLite("runs.db").history
for run in history.runs():
    print(json.dumps(history.run(run.run_id).to_dict()))
"""


def read(run_program):
    """Return the reports that another process reads."""
    done = run_program(READ)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def wait_for(storage, task):
    """Wait until a task of the newest run is seen to run, and return the run's id."""
    run_id = storage.history.runs()[0].run_id
    for event in storage.history.follow(run_id, poll=0.02):
        if event.task == task:
            return run_id
    raise AssertionError(f"{task} was never seen")


def test_reading_during_a_run(storage, start_script, run_program):
    """Another process sees which tasks of a run have ended and which one runs."""
    process = start_script(RUN)
    assert process.stdout.readline() == "waiting\n"
    wait_for(storage, "wait")
    [report] = read(run_program)
    assert report["status"] == "In progress"
    assert [task["status"] for task in report["tasks"]] == ["Completed", "In progress"]
    process.communicate("\n")
    [report] = read(run_program)
    assert report["status"] == "Completed"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")
def test_a_killed_run_has_crashed(storage, start_script, tmp_path):
    """A run whose process was killed is Crashed, and so is the task that ran."""
    process = start_script(RUN)
    assert process.stdout.readline() == "waiting\n"
    run_id = wait_for(storage, "wait")
    assert storage.history.goes_on(run_id)
    process.kill()
    process.wait()
    [run] = storage.history.runs(status="Crashed")
    assert (run.run_id, run.pid) == (run_id, process.pid)
    assert storage.history.runs(status="In progress") == []
    assert not storage.history.goes_on(run_id)
    assert list(storage.history.follow(run_id))
    report = storage.history.run(run_id)
    assert (report.status, report.finished) == ("Crashed", None)
    assert [task.state for task in report] == ["Completed", "Crashed"]
    assert "has died" in report["wait"].reason
    assert storage.history.delete(run_id) is True


def test_a_silent_run_elsewhere_has_crashed(storage):
    """Of a run on another machine the heartbeat alone tells whether it goes on."""
    workflow = DotFlow(Config(storage=storage))
    workflow.task.add(action(lambda: 1), name="one")
    run_id = workflow.start().run_id
    with storage.database.transaction() as connection:
        connection.execute(
            "UPDATE runs SET finished = NULL, status = 'In progress',"
            " process = 'elsewhere/1/2'"
        )
    assert storage.history.goes_on(run_id)
    with storage.database.transaction() as connection:
        connection.execute("UPDATE runs SET heartbeat = heartbeat - 3600")
    assert storage.history.runs()[0].status == "Crashed"


def test_processes_share_a_file(storage, start_script):
    """Runs of several processes in one file have whole histories each."""
    processes = [start_script(RUN.replace('"etl"', f'"w{n}"')) for n in range(3)]
    for process in processes:
        process.communicate("\n")
        assert process.returncode == 0
    runs = storage.history.runs(status="Completed")
    assert {run.workflow_id for run in runs} == {"w0", "w1", "w2"}
    for run in runs:
        events = storage.history.events(run.run_id)
        assert len([one for one in events if one.event != "TaskOutput"]) == 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_store_that_hangs_holds_up_no_fork(start_script):
    """While a write of a history hangs, a step can fork; nothing is lost of its run."""
    assert start_script(HANGING).communicate()[0] == "forked\n1 Completed\n"


HANGING = """
    import os, threading
    from dotflow import Config, DotFlow, action
    from dotflow.providers import StorageFile
    from dotflow.providers._file_records import FileRecords

    forked, hangs = threading.Event(), threading.Event()
    put = FileRecords.put

    def hang(self, name, record):
        if threading.current_thread().name == "dotflow-history":
            hangs.set()
            forked.wait()
        put(self, name, record)

    FileRecords.put = hang

    @action
    def fork():
        hangs.wait()
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        print("forked", flush=True)
        forked.set()

    workflow = DotFlow(Config(storage=StorageFile(path="runs")))
    workflow.task.add(fork)
    run_id = workflow.start().run_id
    history = StorageFile(path="runs").history
    seqs = [event.seq for event in history.events(run_id)]
    print(seqs[0] + len(seqs) - seqs[-1], history.run(run_id).status)
"""
FORKING = """
    import os, threading
    from dotflow import Config, DotFlow, action
    from dotflow.providers import StorageSQLite

    @action
    def fork():
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        print("dotflow-history" in {t.name for t in threading.enumerate()}, flush=True)

    workflow = DotFlow(Config(storage=StorageSQLite("runs.db")))
    workflow.task.add(fork)
    workflow.start()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_run_that_forks_goes_on_telling(start_script):
    """After a fork a run has again what tells readers elsewhere that it goes on."""
    assert start_script(FORKING).communicate()[0] == "True\n"
