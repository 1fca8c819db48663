"""Checkpoint and resume: a failed run goes on where it was.

Prints:
    first run
      download runs
      publish runs
      publish: Failed
    second run
      publish runs
      published 3 rows
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import StorageSQLite

server = {"up": False}


@action
def download() -> list[int]:
    """Do something slow."""
    print("  download runs")
    return [1, 2, 3]


@action
def publish(previous_context: Context) -> None:
    """Fail as long as the server is down."""
    print("  publish runs")
    if not server["up"]:
        raise ConnectionError("the server is down")
    print(f"  published {len(previous_context.storage)} rows")


def build(path: Path) -> DotFlow:
    """Return the workflow; it is the same one wherever its id and its file are."""
    config = Config(storage=StorageSQLite(path=path))
    workflow = DotFlow(config=config, workflow_id="reports")
    workflow.task.add([download, publish])
    return workflow


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "runs.db"

        print("first run")
        workflow = build(file)
        workflow.start()
        last = workflow.result_task()[-1]
        print(f"  {last.name}: {last.status}")

        # Another process, days later, does the same.
        server["up"] = True
        print("second run")
        build(file).start(resume=True)
