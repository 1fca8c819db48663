"""`Fence`: what a write has to check, so that whoever has lost a lease writes nothing."""

from __future__ import annotations

from collections import namedtuple
from contextvars import ContextVar

from dotflow.errors import LeaseLost

# As a `NamedTuple`, which would load `typing` for every run: 2 of 20 ms of a first one.
_Fields = namedtuple("_Fields", ("key", "token"))


class Fence(_Fields):
    """What a write has to check in the same step: who still holds a lease.

    It stands as long as `key` is there and has `token` as its fingerprint.
    """

    __slots__ = ()

    def lost(self) -> LeaseLost:
        """Return the error for a write that came too late."""
        return LeaseLost(self.key)


current_fence: ContextVar[Fence | None] = ContextVar("current_fence", default=None)
"""What `post` has to check now; not an argument, so that no `post` need know of it."""
