"""Sub-workflow: a workflow as a step of another one, its tasks visible inside.

Prints:
    load: Completed
    clean/strip: Completed
    clean/lower: Completed
    clean: Completed
    save: Completed
    saved ['ada', 'grace']
"""

from __future__ import annotations

from dotflow import Context, DotFlow, action


@action
def load() -> list[str]:
    """Load raw names."""
    return [" Ada", "GRACE "]


@action
def strip(previous_context: Context) -> list[str]:
    """Remove blanks; the first task of a sub-workflow gets what the whole one gets."""
    return [name.strip() for name in previous_context.storage]


@action
def lower(previous_context: Context) -> list[str]:
    """Write small; what the last task returns is the result of the whole."""
    return [name.lower() for name in previous_context.storage]


@action
def save(previous_context: Context) -> str:
    """Use the result of the sub-workflow."""
    return f"saved {previous_context.storage}"


if __name__ == "__main__":
    clean = DotFlow()
    clean.task.add([strip, lower])

    workflow = DotFlow()
    workflow.task.add(step=load)
    workflow.task.add(step=clean, name="clean")
    workflow.task.add(step=save)

    workflow.start()

    for task in workflow.result_task():
        print(f"{task.name}: {task.status}")
    print(workflow.result_storage()[-1])
