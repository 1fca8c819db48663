"""Groups: at the same time, while the tasks of a group run one after the other.

Prints:
    saved 3 users
    saved 2 orders
"""

from __future__ import annotations

from dotflow import Context, DotFlow, action


@action
def fetch_users() -> list[str]:
    """Get the users."""
    return ["ada", "grace", "edsger"]


@action
def save_users(previous_context: Context) -> str:
    """Save what the task before, of the same group, has fetched."""
    return f"saved {len(previous_context.storage)} users"


@action
def fetch_orders() -> list[int]:
    """Get the orders."""
    return [1001, 1002]


@action
def save_orders(previous_context: Context) -> str:
    """Save what the task before, of the same group, has fetched."""
    return f"saved {len(previous_context.storage)} orders"


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=fetch_users, group_name="users")
    workflow.task.add(step=save_users, group_name="users")
    workflow.task.add(step=fetch_orders, group_name="orders")
    workflow.task.add(step=save_orders, group_name="orders")

    workflow.start()

    _, users, _, orders = workflow.result_storage()
    print(users)
    print(orders)
