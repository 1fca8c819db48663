"""What cached steps hold and change themselves: it counts as it was before they did.

A step may note in a list that it closes over, or in the object it is a method of, that it
ran. By what that has become it would never be the same step again. What anybody else
changes counts as it is now.
"""

from __future__ import annotations

import os
import threading

from dotflow.model.fingerprint import held_token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    # A value that a step holds, and what it counts as.
    HeldValue = tuple[Any, bytes]

# Each is kept in memory, so that no other value gets its id.
_MOST = 256

_lock = threading.Lock()
# By the id of a value: it, what it counts as, and how many steps that hold it run now.
_running: dict[int, tuple[Any, bytes, int]] = {}
# By the id of a value that a step has changed: it, what it has become, what it counts as.
_changed: dict[int, tuple[Any, bytes, bytes]] = {}


def counts_as(value: Any, token: bytes) -> bytes:
    """Return what a value counts as, given the token of what it is now."""
    running = _running.get(id(value))
    if running is not None:
        return running[1]
    changed = _changed.get(id(value))
    if changed is not None and changed[1] == token:
        return changed[2]
    return token


def begin_step(held: list[HeldValue]) -> None:
    """Take note that a step runs now that may change these values."""
    with _lock:
        for value, token in held:
            _, before, count = _running.get(id(value), (value, token, 0))
            _running[id(value)] = (value, before, count + 1)


def end_step(held: list[HeldValue]) -> None:
    """Take note of what has become of the values of a step that has ended."""
    for value, _ in held:
        now = held_token(value)
        with _lock:
            _, before, count = _running.pop(id(value))
            if count > 1:
                _running[id(value)] = (value, before, count - 1)
            _changed.pop(id(value), None)
            if now != before:
                _changed[id(value)] = (value, now, before)
                if len(_changed) > _MOST:
                    del _changed[next(iter(_changed))]


def _renew() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    # Forked while another thread had the lock, a process would wait for it for ever.
    os.register_at_fork(after_in_child=_renew)
