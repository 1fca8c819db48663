"""Dependencies: a task that waits for several others gets their results by name.

Prints:
    grace: 2 orders
    ada: 1 order
"""

from __future__ import annotations

from dotflow import DotFlow, action


@action
def fetch_users() -> dict[int, str]:
    """Get the users."""
    return {1: "ada", 2: "grace"}


@action
def fetch_orders() -> list[int]:
    """Get the orders, each as the number of its user."""
    return [2, 1, 2]


@action
def join(fetch_users: dict[int, str], fetch_orders: list[int]) -> list[str]:
    """Count the orders of each user; the parameters are named after the tasks."""
    counts = {name: fetch_orders.count(user) for user, name in fetch_users.items()}
    ranking = sorted(counts.items(), key=lambda item: -item[1])
    return [f"{name}: {n} order{'s' * (n != 1)}" for name, n in ranking]


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=fetch_users, group_name="users")
    workflow.task.add(step=fetch_orders, group_name="orders")
    workflow.task.add(
        step=join, group_name="reports", depends_on=[fetch_users, fetch_orders]
    )

    workflow.start()

    for line in workflow.result_storage()[-1]:
        print(line)
