"""What attempts tell while they run: workers put it into an actor, the driver takes it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import ray
from ray.exceptions import RayError


class Box:
    """Keeps what attempts have told until the driver takes it; an actor of Ray."""

    def __init__(self) -> None:
        self._told: list[tuple[str, bytes]] = []
        self._some = asyncio.Event()

    async def put(self, task: str, message: bytes) -> None:
        """Keep a message.

        Args:
            task: Ray's id of the attempt that has sent it.
            message: What `hear_live` takes.
        """
        self._told.append((task, message))
        self._some.set()

    async def take(self) -> list[tuple[str, bytes]]:
        """Wait for messages, and give them away."""
        await self._some.wait()
        self._some.clear()
        told, self._told = self._told, []
        return told


class Live:
    """The driver's end of a `Box`, which it has made once an attempt runs for long.

    Attributes:
        name: By what workers find the box.
        coming: Ray's reference to what is told next; None where there is no box.
    """

    def __init__(self) -> None:
        self.name = f"dotflow-{uuid4().hex}"
        self.coming: Any = None
        self._box: Any = None

    def open(self) -> None:
        """Make the box, unless there was one; nothing waits until it has begun."""
        if self._box is None:
            self._box = ray.remote(Box).options(name=self.name, num_cpus=0).remote()
            self.coming = self._box.take.remote()

    def take(self) -> list[tuple[str, bytes]]:
        """Return what `coming` refers to, which has come."""
        try:
            told: list[tuple[str, bytes]] = ray.get(self.coming)
        except RayError:  # the node of the box has died: outcomes bring everything
            self.coming = None
            return []
        self.coming = self._box.take.remote()
        return told


_boxes: dict[str, Any] = {}


def put(box: str, task: str, message: bytes) -> None:
    """Put a message into a box, from a worker.

    Args:
        box: The name of the box.
        task: Ray's id of the attempt.
        message: The message.

    Raises:
        ValueError: There is no such box, or not yet.
    """
    found = _boxes.get(box)
    if found is None:
        found = ray.get_actor(box)
        _boxes.clear()  # that of another run
        _boxes[box] = found
    found.put.remote(task, message)
