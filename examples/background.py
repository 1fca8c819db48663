"""Background: `start` returns at once, and the run goes on in a thread.

Prints:
    started, and free to do something else
    the run has ended: Completed
    [0, 1, 4, 9]
"""

from __future__ import annotations

import time

from dotflow import Context, DotFlow, action


@action
def numbers() -> list[int]:
    """Take a moment."""
    time.sleep(0.2)
    return [0, 1, 2, 3]


@action
def squares(previous_context: Context) -> list[int]:
    """Use what the task before it left."""
    return [number**2 for number in previous_context.storage]


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add([numbers, squares])

    run = workflow.start(mode="background")
    print("started, and free to do something else")
    run.wait()
    print(f"the run has ended: {run.status}")
    print(workflow.result_storage()[-1])
