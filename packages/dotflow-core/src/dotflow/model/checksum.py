"""`checksum`: what tells that a value which is too large for a copy was changed in place.

All of the value is read, since a sample would miss what it does not look at: arrays at
0.15 s a gigabyte, other objects as fast as pickle goes through them, up to 0.2 s for 16 MB
of small ones. Nothing of it is kept.
"""

from __future__ import annotations

from dotflow.base.guard import STOPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pickle
    from typing import Any

# What pickle remembers of the objects that it has come by takes memory as well.
MAX_PICKLED = 1024 * 1024 * 1024


def checksum(value: Any) -> tuple[int, int] | None:
    """Return what the pickle of a value comes to now.

    Args:
        value: The value.

    Returns:
        None where pickle cannot go through it, or finds more than 1 GB beside arrays.
    """
    import pickle

    total = _Total()
    try:
        pickle.Pickler(total, 5, buffer_callback=total.take).dump(value)
    except STOPS:
        raise
    except BaseException:  # noqa: BLE001 - pickling is user code
        return None
    return total.size, total.checksum


class _Total:
    """A file that keeps the length and the checksum of what is written."""

    __slots__ = ("_room", "checksum", "size")

    def __init__(self) -> None:
        self._room = MAX_PICKLED
        self.size = self.checksum = 0

    def write(self, data: bytes) -> None:
        """Add a part of the pickle, as to a file."""
        self._room -= len(data)
        if self._room < 0:
            raise ValueError
        self._add(data)

    def take(self, buffer: pickle.PickleBuffer) -> None:
        """Add an array, as it lies in memory."""
        self._add(buffer.raw())

    def _add(self, data: bytes | memoryview) -> None:
        from zlib import crc32

        self.size += len(data)
        self.checksum = crc32(data, self.checksum)
