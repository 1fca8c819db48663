"""The names of keys: as bytes, as patterns, in batches."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from dotflow.errors import StorageError

_LEASE = b"lease-"
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


def tagged(key: bytes) -> bytes:
    """Return a key with the hash tag that all keys of its workflow share in a cluster.

    A workflow's keys begin with its id and a hyphen, and its lease is named after it. The
    id may have hyphens itself, so what they share is what comes before the first.

    Args:
        key: The key.
    """
    lease = _LEASE if key.startswith(_LEASE) else b""
    head, hyphen, rest = key[len(lease) :].partition(b"-")
    return lease + b"{" + head + b"}" + hyphen + rest


def untagged(name: bytes) -> bytes:
    """Return the key of a name from `tagged`.

    Args:
        name: The name.
    """
    lease = _LEASE if name.startswith(_LEASE) else b""
    head, _, rest = name[len(lease) + 1 :].partition(b"}-")
    return lease + (head + b"-" + rest if rest or name.endswith(b"}-") else head[:-1])


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
