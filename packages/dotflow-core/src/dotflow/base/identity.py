"""Ids: ULIDs of tasks and runs, workflow ids, and the names inside storage keys.

A ULID is 26 characters of Crockford base 32: 48 bits of milliseconds since the epoch,
then 80 random bits (https://github.com/ulid/spec).
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any
    from uuid import UUID

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]
_time_ns = time.time_ns
_COUNTER_MAX = (1 << 20) - 1
# Made in a forked child anew, which would count on in its parent's.
_NO_BLOCK: tuple[int, str, Iterator[int]] = (0, "", count())
_block = _NO_BLOCK
_WORKFLOW_ID_LENGTH = 200
_WORKFLOW_ID_EXTRA = frozenset("-_.:")
_NAME_EXTRA = frozenset("_.#")
# What stands for itself within a key.
_SAFE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.#"


def encode_ulid(number: int) -> str:
    """Write a 128-bit number as the 26 characters of a ULID."""
    pairs = _PAIRS
    characters = []
    for _ in range(13):
        characters.append(pairs[number & 1023])
        number >>= 10
    characters.reverse()
    return "".join(characters)


def new_ulid() -> str:
    """Return a new ULID: unique, and sortable by the order of making in a process.

    Of the 80 random bits the last 20 are a counter, so that making ids in a row costs
    no system call each and keeps their order within a millisecond.
    """
    global _block
    milliseconds = _time_ns() // 1_000_000
    # No lock: the block is replaced as a whole, and two threads that both make one
    # have different random bits.
    made_at, prefix, counter = _block
    if made_at != milliseconds:
        _block = _new_block(milliseconds)
        _, prefix, counter = _block
    number = next(counter)
    if number > _COUNTER_MAX:
        _block = _new_block(milliseconds)
        _, prefix, counter = _block
        number = next(counter)
    return prefix + _PAIRS[number >> 10] + _PAIRS[number & 1023]


def new_ulids(number: int) -> list[str]:
    """Return new ULIDs in their order, which costs less than to make each by itself."""
    pairs = _PAIRS
    ids: list[str] = []
    while len(ids) < number:
        # A block of its own: nobody else counts in it.
        prefix = _new_block(_time_ns() // 1_000_000)[1]
        for high in pairs:
            head = prefix + high
            ids += [head + low for low in pairs[: number - len(ids)]]
            if len(ids) >= number:
                break
    return ids


def _new_block(milliseconds: int) -> tuple[int, str, Iterator[int]]:
    random = int.from_bytes(os.urandom(8), "big") >> 4
    prefix = encode_ulid((milliseconds << 80) | (random << 20))[:22]
    return milliseconds, prefix, count()


def _forget_block() -> None:
    global _block
    _block = _NO_BLOCK


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_block)


def stable_ulid(workflow_id: object, name: str) -> str:
    """Return the ULID of a task of a workflow with a fixed id.

    It is the same in every process, so a storage whose `key(task)` is made from
    `task.task_id` can resume. It carries a hash where others carry the time.
    """
    import hashlib

    seed = f"{workflow_id}\0{name}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(seed, digest_size=16).digest()
    return encode_ulid(int.from_bytes(digest, "big"))


def check_workflow_id(value: Any) -> UUID | str:
    """Return a workflow id as contexts hold it: a UUID, or a checked string.

    Raises:
        TypeError: The value is neither a UUID nor a string.
        InvalidWorkflowId: The string is malformed.
    """
    if not isinstance(value, str):
        # Whoever has a UUID has imported its module, which takes long.
        module = sys.modules.get("uuid")
        if module is not None and isinstance(value, module.UUID):
            return value  # type: ignore[no-any-return]
        raise TypeError(
            f"workflow_id must be a UUID or a str, not {type(value).__name__}."
        )
    if len(value) in (32, 36):
        from uuid import UUID

        try:
            return UUID(value)
        except ValueError:
            pass  # an id of that length need not be a UUID
    well_formed = (
        0 < len(value) <= _WORKFLOW_ID_LENGTH
        and value[0].isalnum()
        and all(c.isalnum() or c in _WORKFLOW_ID_EXTRA for c in value)
        and ".." not in value
    )
    if not well_formed:
        from dotflow.errors import InvalidWorkflowId

        raise InvalidWorkflowId(value)
    return value


def quote_name(name: str) -> str:
    """Write a task's name so that it is safe in a key and free of `-`.

    A key is `<workflow_id>-<quoted name>`: without a dash in the second part no two
    workflows can share a key. Everything but letters, digits, `_`, `.` and `#` becomes
    the percent form of its UTF-8 bytes (RFC 3986, section 2.1).
    """
    if name and not name.strip(_SAFE):  # as of nearly all, without a look at each
        return name
    return "".join(
        c
        if c.isascii() and (c.isalnum() or c in _NAME_EXTRA)
        else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "surrogatepass"))
        for c in name
    )


def random_id() -> UUID:
    """Return an id for a workflow that was given none."""
    from uuid import uuid4

    return uuid4()
