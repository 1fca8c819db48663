"""What runs in a Ray worker."""

from __future__ import annotations

from typing import Any

from dotflow.abc.remote import Likeness, Order, likeness


def run_attempt(order: bytes, *held: Any) -> tuple[bytes, Any]:
    """Run an attempt in the main thread of this worker, where a timeout can interrupt it.

    Args:
        order: An `Order`, as bytes.
        *held: Inputs from the object store.

    Returns:
        The news of it, and the value if it is large: Ray keeps each by itself.
    """
    return Order.from_bytes(order).run(held)


def describe_worker(modules: list[str]) -> Likeness:
    """Return what this worker has; see `likeness`."""
    return likeness(modules)
