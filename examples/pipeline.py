r"""A pipeline: plain functions, wired by the names of their parameters.

Prints:
    daily
    |-- fetch_users
    |   \-- join
    |       \-- publish
    \-- fetch_orders
        \-- join [shared]
    SUCCESS {'day': '2026-05-28'}
    published 2 lines to reports: ada 1, grace 2
    a test: published 1 lines to nowhere: linus 1
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from dotflow import Pipeline, RunContext


@dataclass(frozen=True)
class Deps:
    """What the tasks need from outside."""

    target: str


pipeline = Pipeline("daily")


@pipeline.task(retries=2, timeout_s=10)
async def fetch_users() -> dict[int, str]:
    """Get the users."""
    return {1: "ada", 2: "grace"}


@pipeline.task(retries=2, timeout_s=10)
async def fetch_orders() -> list[int]:
    """Get the orders, each as the number of its user."""
    return [2, 1, 2]


@pipeline.task()
def join(fetch_users: dict[int, str], fetch_orders: list[int]) -> list[str]:
    """Count the orders of each user; the parameters are named after the tasks."""
    counts = Counter(fetch_orders)
    return [f"{name} {counts[user]}" for user, name in fetch_users.items()]


@pipeline.task()
def publish(join: list[str], context: RunContext[Deps]) -> str:
    """Write the report; the context is found by its annotation."""
    return f"published {len(join)} lines to {context.target}: {', '.join(join)}"


if __name__ == "__main__":
    print(pipeline.display())

    context = RunContext(Deps(target="reports")).with_metadata(day="2026-05-28")
    report = pipeline.run(context)
    print(report["status"], report["metadata"])
    print(report["tasks"]["publish"]["result"])

    # In a test any task may be something else.
    test = pipeline.override_tasks(fetch_users={7: "linus"}, fetch_orders=[7])
    report = test.run(RunContext(Deps(target="nowhere")))
    print("a test:", report["tasks"]["publish"]["result"])
