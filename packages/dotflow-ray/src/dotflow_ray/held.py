"""`RayHeld`: a result in the object store of a Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ray

from dotflow.abc.remote import Held

if TYPE_CHECKING:
    from dotflow.abc.remote import Kept


class RayHeld(Held):
    """A result that stays in the cluster as long as somebody has this.

    Args:
        ref: Ray's reference to it.
        kept: What is known of it.
    """

    where = "Ray worker"

    def __init__(self, ref: Any, kept: Kept) -> None:
        super().__init__(kept.kind, kept.length)
        self.ref = ref

    def get(self) -> Any:
        """Bring the value here; see `Held.get`."""
        return ray.get(self.ref)
