"""Any object: what a task returns reaches the next one as it is, and so it is stored.

Prints:
    Order at 2013-01-01 10:00:00+00:00: Colour.RED, 19.90, ['gift', 'urgent']
    the stored one is the same: True
    a Stack of [1, 2]
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path

from dotflow import Config, Context, DotFlow, action
from dotflow.providers import StorageSQLite


class Colour(Enum):
    """What colour to deliver."""

    RED = 1


@dataclass(frozen=True)
class Order:
    """Values of many types."""

    time: datetime
    colour: Colour
    price: Decimal
    labels: frozenset[str]


class Stack:
    """A class of one's own that nothing knows about."""

    def __init__(self, *items: int) -> None:
        self.items = [*items]

    def __repr__(self) -> str:
        return f"a Stack of {self.items}"


@action
def make() -> Order:
    """Return a dataclass."""
    labels = frozenset({"urgent", "gift"})
    time = datetime(2013, 1, 1, 10, tzinfo=UTC)
    return Order(time, Colour.RED, Decimal("19.90"), labels)


@action
def show(previous_context: Context) -> Stack:
    """Get it, with the types it had."""
    order: Order = previous_context.storage
    print(
        f"Order at {order.time}: {order.colour}, {order.price}, {sorted(order.labels)}"
    )
    return Stack(1, 2)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        storage = StorageSQLite(path=Path(folder) / "runs.db")
        workflow = DotFlow(Config(storage=storage), workflow_id="objects")
        workflow.task.add([make, show])

        workflow.start()

        first, second = workflow.result_task()
        stored = storage.get(storage.key(first)).storage
        print(f"the stored one is the same: {stored == first.current_context.storage}")
        print(storage.get(storage.key(second)).storage)
