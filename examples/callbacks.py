"""Callbacks: a function called after each task, and one at the end of the run.

Prints:
    greet finished with status Completed
    fail finished with status Failed
    something went wrong in fail
"""

from __future__ import annotations

from dotflow import DotFlow, Task, action


@action
def greet() -> str:
    """Succeed."""
    return "hello"


@action
def fail() -> None:
    """Do not."""
    raise ValueError("no luck")


def on_task_done(task: Task) -> None:
    """Be called with each task."""
    print(f"{task.name} finished with status {task.status}")


def on_success(tasks: list[Task]) -> None:
    """Be called if nothing failed."""
    print(f"all {len(tasks)} tasks completed")


def on_failure(tasks: list[Task]) -> None:
    """Be called if something did."""
    failed = [task.name for task in tasks if task.errors]
    print(f"something went wrong in {', '.join(failed)}")


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=greet, callback=on_task_done)
    workflow.task.add(step=fail, callback=on_task_done)

    workflow.start(on_success=on_success, on_failure=on_failure)
