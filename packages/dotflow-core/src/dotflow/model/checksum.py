"""`checksum`: what tells that a value which is too large for a copy was changed in place.

All of the value is read, since a sample would miss what it does not look at: arrays at
0.15 s a gigabyte, a million small dicts in 0.1 s. Nothing of it is kept.
"""

from __future__ import annotations

from dotflow.base.guard import STOPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pickle
    from typing import Any

Checksum = tuple[bool, int, int]
"""How it was read, the length of the pickle and its checksum."""

# Of what is not arrays, with what lies in it several times.
MAX_PICKLED = 1024 * 1024 * 1024


def checksum(value: Any) -> Checksum | None:
    """Return what the pickle of a value comes to now.

    Args:
        value: The value.

    Returns:
        None where pickle cannot go through it, or finds more than 1 GB beside arrays.
    """
    return _checksum(value, fast=True) or _checksum(value, fast=False)


def _checksum(value: Any, fast: bool) -> Checksum | None:
    import pickle

    total = _Total()
    try:
        pickler = pickle.Pickler(total, 5, buffer_callback=total.take)
        # Without a memo of all that it comes by it takes a fifth of the time, and cannot
        # go through what lies in itself.
        pickler.fast = fast
        pickler.dump(value)
    except STOPS:
        raise
    except BaseException:  # noqa: BLE001 - pickling is user code
        return None
    return fast, total.size, total.checksum


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
