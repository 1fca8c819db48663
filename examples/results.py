"""Results: what a run leaves for a program to look at.

Prints:
    2 tasks
    extract: Completed, in 1 attempt
    total: Completed, in 1 attempt
    [[1, 2, 3], 6]
    as JSON: total "6"
    reversed: total, extract
    after clear: 0 tasks
"""

from __future__ import annotations

import json

from dotflow import Context, DotFlow, action


@action
def extract() -> list[int]:
    """Return some numbers."""
    return [1, 2, 3]


@action
def total(previous_context: Context) -> int:
    """Add them up."""
    return sum(previous_context.storage)


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(extract).add(total)
    print(f"{workflow.task.count()} tasks")

    workflow.start()

    for task in workflow.result_task():
        assert task.started_at is not None
        assert task.finished_at is not None
        print(f"{task.name}: {task.status}, in {task.attempt} attempt")
    print(workflow.result_storage())

    last = json.loads(json.dumps(workflow.result()))["tasks"][-1]
    print(f'as JSON: total "{last["current_context"]}"')

    workflow.task.reverse()
    print(f"reversed: {', '.join(task.name for task in workflow.result_task())}")
    workflow.task.clear()
    print(f"after clear: {workflow.task.count()} tasks")
