"""The names of keys: as bytes, as patterns, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dotflow.errors import StorageError

BATCH = 500
"""How many keys a command is for."""


def to_bytes(text: str) -> bytes:
    """Return what Redis holds for a key.

    Args:
        text: The key.

    Raises:
        StorageError: It is not valid Unicode text.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise StorageError(
            f"{text!r} is not valid Unicode text, so StorageRedis cannot hold it as a"
            f" key: {error}"
        ) from error


def literal(name: bytes) -> bytes:
    """Return the pattern of Redis that stands for one name alone.

    Args:
        name: The name.
    """
    return b"".join(
        b"\\" + bytes((code,)) if code in b"*?[]^\\-" else bytes((code,))
        for code in name
    )


def batches(names: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Divide names into as many as one command takes.

    Args:
        names: The names.
    """
    while batch := list(islice(names, BATCH)):
        yield batch
