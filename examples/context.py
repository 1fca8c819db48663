"""Context: what a task was given at the start, and what the task before it left.

Prints:
    Hello, World!
    step_one left 'Hello'
    step_two left 'Hello, World!'
"""

from __future__ import annotations

from dotflow import Context, DotFlow, action


@action
def step_one() -> str:
    """Start a greeting."""
    return "Hello"


@action
def step_two(previous_context: Context, initial_context: Context) -> str:
    """Finish it with what was given with `task.add`."""
    return f"{previous_context.storage}, {initial_context.storage}!"


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=step_one)
    workflow.task.add(step=step_two, initial_context="World")

    workflow.start()

    print(workflow.result_storage()[-1])
    for task, context in zip(
        workflow.result_task(), workflow.result_context(), strict=True
    ):
        assert context.task_id == task.task_id
        print(f"{task.name} left {context.storage!r}")
