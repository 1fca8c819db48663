"""Large results of a worker: in memory that its parent maps, rather than through a pipe.

A pipe takes 100 MB in pieces and five copies. Here what has buffers of its own, as an
array of NumPy, is copied once, by the worker, and used where it lies; a text or bytes are
copied once more where they are read. The memory has no name, so a kill leaves nothing.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from pickle import PickleBuffer
    from typing import Any

# What announces such a result; the sizes of its parts follow.
LARGE = b"\x00dotflow-large:"
# From here on it pays: 1 MB takes as long either way, 100 MB less than half.
FROM_BYTES = 4 * 1024 * 1024
_ALIGNED = 64  # as compilers want arrays to lie

SUPPORTED = hasattr(os, "memfd_create")
"""Whether this system has memory that can be handed on: Linux."""


class BuffersApart:
    """Takes the large buffers of what is pickled out of its pickle.

    Attributes:
        found: They, in order.
    """

    def __init__(self) -> None:
        self.found: list[memoryview] = []

    def __call__(self, buffer: PickleBuffer) -> bool:
        """Take a buffer; True leaves it in the pickle. See `pickle.dumps`."""
        try:
            view = buffer.raw()
        except BufferError:
            return True  # it does not lie in one piece
        if view.nbytes < FROM_BYTES:
            return True
        self.found.append(view)
        return False


def send_large(
    connection: Connection[Any, Any], parts: Sequence[bytes | memoryview]
) -> None:
    """Send the parts of a result: its pickle, and the buffers that belong to it.

    Raises:
        OSError: There is no such memory now, and nothing was sent; or nobody reads.
    """
    from multiprocessing.reduction import send_handle

    memory = os.memfd_create("dotflow-result", os.MFD_CLOEXEC)
    try:
        sizes = [memoryview(part).nbytes for part in parts]
        for part, place in zip(parts, _places(sizes), strict=True):
            view, written = memoryview(part).cast("B"), 0
            while written < len(view):
                written += os.pwrite(memory, view[written:], place + written)
        connection.send_bytes(LARGE + struct.pack(f"<{len(sizes)}Q", *sizes))
        send_handle(connection, memory, 0)
    finally:
        os.close(memory)


def receive_large(connection: Connection[Any, Any], message: bytes) -> list[memoryview]:
    """Return the parts of a result that was announced.

    Args:
        connection: Where the message came from.
        message: What announced it.

    Raises:
        OSError: The sender has died.
        EOFError: The same.
    """
    from mmap import MAP_PRIVATE, mmap
    from multiprocessing.reduction import recv_handle

    told = message[len(LARGE) :]
    sizes = struct.unpack(f"<{len(told) // 8}Q", told)
    memory = recv_handle(connection)
    try:
        places = _places(sizes)
        # Private, so that who gets an array may write to it; what is not is shared.
        view = memoryview(mmap(memory, places[-1] + sizes[-1], flags=MAP_PRIVATE))
    finally:
        os.close(memory)
    return [
        view[place : place + size] for place, size in zip(places, sizes, strict=True)
    ]


def _places(sizes: Sequence[int]) -> list[int]:
    """Return where each part begins."""
    places, end = [], 0
    for size in sizes:
        places.append(end)
        end += size + -size % _ALIGNED
    return places
