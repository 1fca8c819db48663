"""Errors: a failed task ends its run, unless it is told to keep going.

Prints:
    stop at the first failure
      divide: Failed
        ZeroDivisionError: division by zero
      goodbye: Not started
    keep going
      divide: Failed
        ZeroDivisionError: division by zero
      goodbye: Completed
"""

from __future__ import annotations

from dotflow import DotFlow, action


@action
def divide() -> float:
    """Fail."""
    return 1 / 0


@action
def goodbye() -> str:
    """Need nothing of what came before."""
    return "bye"


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add([divide, goodbye])

    for keep_going in (False, True):
        print("keep going" if keep_going else "stop at the first failure")
        workflow.start(keep_going=keep_going)
        for task in workflow.result_task():
            print(f"  {task.name}: {task.status}")
            for error in task.errors:
                print(f"    {error.exception}: {error.message}")
                assert "return 1 / 0" in error.traceback
