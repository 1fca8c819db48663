"""Quick start: three steps, each given what the one before it returned.

Prints:
    Loaded 120 active users
"""

from __future__ import annotations

from dotflow import Context, DotFlow, action


@action
def extract() -> dict[str, int]:
    """Get some users from somewhere."""
    return {"users": 150}


@action
def transform(previous_context: Context) -> dict[str, int]:
    """Work out how many are active."""
    total = previous_context.storage["users"]
    return {"users": total, "active": int(total * 0.8)}


@action
def load(previous_context: Context) -> None:
    """Put them where they belong."""
    print(f"Loaded {previous_context.storage['active']} active users")


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=extract)
    workflow.task.add(step=transform)
    workflow.task.add(step=load)

    workflow.start()
