"""History: every run, attempt and event, to be read while the run goes on and later.

Prints:
    meanwhile: In progress, extract Completed, load In progress
    load: Failed after 2 attempts: the disk is full
    resumed: extract Completed (restored), load Completed
    2 runs, newest first: Completed, Failed
    the newest one resumed the other: True
    RunStarted, TaskRestored extract, TaskStarted load, TaskCompleted load, RunFinished
    after pruning: 1 run
"""

from __future__ import annotations

import tempfile
from itertools import count

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite

calls = count(1)


@action
def extract() -> list[int]:
    """Return some numbers."""
    return [1, 2, 3]


@action(retry=2, retry_delay=0.01)
def load() -> int:
    """Look at its own run, and succeed at the third attempt."""
    call = next(calls)
    if call == 1:
        watch()
    if call < 3:
        raise OSError("the disk is full")
    return 3


def watch() -> None:
    """Read the run that goes on, as another process would."""
    other = StorageSQLite(path)
    run_id = other.history.runs()[0].run_id
    # Events are written within a fraction of a second.
    for event in other.history.follow(run_id, poll=0.05):
        if event.task == "load":
            break
    report = other.history.run(run_id)
    states = ", ".join(f"{task.name} {task.state}" for task in report)
    print(f"meanwhile: {report.status}, {states}")
    other.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/runs.db"
        storage = StorageSQLite(path)
        workflow = DotFlow(Config(storage=storage), workflow_id="etl")
        workflow.task.add(extract)
        workflow.task.add(load)
        history = storage.history

        first = history.run(workflow.start().run_id)
        failed = first["load"]
        print(
            f"load: {failed.state} after {len(failed.attempts)} attempts:"
            f" {failed.reason}"
        )

        second = history.run(workflow.start(resume=True).run_id)
        states = ", ".join(
            f"{task.name} {task.state}{' (restored)' if task.restored else ''}"
            for task in second
        )
        print(f"resumed: {states}")

        runs = history.runs(workflow_id="etl")
        statuses = ", ".join(run.status for run in runs)
        print(f"{len(runs)} runs, newest first: {statuses}")
        print(
            f"the newest one resumed the other: {second.resumed_from == first.run_id}"
        )
        events = history.events(runs[0].run_id)
        print(", ".join(f"{e.event} {e.task}" if e.task else e.event for e in events))

        history.prune(keep=1)
        print(f"after pruning: {len(history.runs())} run")
        storage.close()
