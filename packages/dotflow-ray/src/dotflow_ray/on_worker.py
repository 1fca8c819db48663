"""What runs in a Ray worker."""

from __future__ import annotations

from typing import Any

import ray

from dotflow.abc.remote import Likeness, Order, likeness
from dotflow_ray.live import put

# Their parameters are all in one: Ray binds the arguments of each call to the signature, and
# to two parameters in four times the time, which was a twentieth of what a call costs.


def run_attempt(*sent: Any) -> tuple[bytes, Any]:
    """Run an attempt in the main thread of this worker, where a timeout can interrupt it.

    Args:
        *sent: An `Order`, as bytes, and the inputs from the object store.

    Returns:
        The news of it, and the value if it is large: Ray keeps each by itself.
    """
    order, *held = sent
    return Order.from_bytes(order).run(held)


def run_heard_attempt(*sent: Any) -> tuple[bytes, Any]:
    """As `run_attempt`, where somebody listens to what the step tells.

    Args:
        *sent: As there, with the name of the `Box` for it after the order: bytes, which
            Ray hands over as they are.
    """
    order, box, *held = sent
    name, task = box.decode(), str(ray.get_runtime_context().get_task_id())

    def send(told: bytes) -> None:
        put(name, task, told)

    return Order.from_bytes(order).run(held, send=send)


def describe_worker(modules: list[str]) -> Likeness:
    """Return what this worker has; see `likeness`."""
    return likeness(modules)
