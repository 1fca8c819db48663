"""What runs in a Ray worker."""

from __future__ import annotations

from typing import Any

import ray

from dotflow.abc.remote import Likeness, Order, likeness
from dotflow_ray.live import put


def run_attempt(order: bytes, *held: Any) -> tuple[bytes, Any]:
    """Run an attempt in the main thread of this worker, where a timeout can interrupt it.

    Args:
        order: An `Order`, as bytes.
        *held: Inputs from the object store.

    Returns:
        The news of it, and the value if it is large: Ray keeps each by itself.
    """
    return Order.from_bytes(order).run(held)


def run_heard_attempt(order: bytes, box: bytes, *held: Any) -> tuple[bytes, Any]:
    """As `run_attempt`, where somebody listens to what the step tells.

    Args:
        order: As there.
        box: The name of the `Box` for it: bytes, which Ray hands over as they are.
        *held: As there.
    """
    name, task = box.decode(), str(ray.get_runtime_context().get_task_id())

    def send(told: bytes) -> None:
        put(name, task, told)

    return Order.from_bytes(order).run(held, send=send)


def describe_worker(modules: list[str]) -> Likeness:
    """Return what this worker has; see `likeness`."""
    return likeness(modules)
