"""Run a workflow each second, though it takes longer than that."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from dotflow import Config, DotFlow, action
from dotflow.providers import LogDefault, SchedulerCron, StorageSQLite

count = 0
loads: list[int] = []


@action
def extract() -> int:
    """Count the runs that begin here."""
    global count
    count += 1
    print(f"run {count}", flush=True)
    return count


@action
def load(previous_context: Any) -> None:
    """Take longer than a second; fail once, if asked to."""
    number = previous_context.storage
    loads.append(number)
    if "--fail-once" in sys.argv and loads == [1, 2]:
        print(f"run {number} failed in 'load'", flush=True)
        raise OSError("the database is away")
    if loads.count(number) > 1:
        print(f"run {number} goes on", flush=True)
    time.sleep(1.1)


def build() -> DotFlow:
    """Return the workflow."""
    storage = StorageSQLite(f"cron-{os.getpid()}.db")
    scheduler = SchedulerCron("* * * * * *", overlap="queue")
    log = LogDefault(output="file", path="flow.log")
    config = Config(storage=storage, scheduler=scheduler, log=log)
    workflow = DotFlow(config, workflow_id="each-second")
    workflow.task.add([extract, load])
    return workflow


if __name__ == "__main__":
    workflow = build()

    def stop_after_three(**_: object) -> None:
        """End the example; a schedule of yours goes on."""
        if len(loads) == 3:
            workflow.config.scheduler.stop()

    workflow.schedule(
        resume=True, on_success=stop_after_three, on_failure=stop_after_three
    )
