"""Two machines that may start the same run, and one database between them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from dotflow import Config, DotFlow, action
from dotflow.providers import LogDefault, StoragePostgres

GO = Path("go")


@action
def work() -> int:
    """Work until the other machine has tried."""
    print("first machine: started", flush=True)
    while not GO.exists():
        time.sleep(0.01)
    return 42


def build() -> DotFlow:
    """Return the workflow."""
    log = LogDefault(output="file", path="flow.log")
    config = Config(storage=StoragePostgres(), log=log)  # reads DATABASE_URL
    workflow = DotFlow(config, workflow_id="nightly")
    workflow.task.add(work)
    return workflow


def first() -> None:
    """Run it."""
    print("first machine:", build().start().report().status)


def second() -> None:
    """Run it only if nobody else does."""
    workflow = build()
    workflow.start(if_running="skip")
    if workflow.result_task()[0].status == "Not started":
        print("second machine: somebody else runs it, skipped", flush=True)
    GO.touch()


def third() -> None:
    """Come later."""
    workflow = build()
    [task] = workflow.start(resume=True).report().tasks
    [value] = workflow.result_storage()
    print(f"third machine: {'restored' if task.restored else 'made'} {value},", end=" ")
    print("nothing was repeated")


def main() -> None:
    """Play the three machines."""
    GO.unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, __file__, "first"], stdout=subprocess.PIPE, text=True
    ) as machine:
        assert machine.stdout is not None
        print(machine.stdout.readline(), end="", flush=True)
        subprocess.run([sys.executable, __file__, "second"], check=True)
        print(machine.stdout.read(), end="", flush=True)
    subprocess.run([sys.executable, __file__, "third"], check=True)


if __name__ == "__main__":
    {"first": first, "second": second, "third": third}.get(sys.argv[-1], main)()
