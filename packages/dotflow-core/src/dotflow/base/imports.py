"""Forks a process beside threads that import: what they hold stays locked in the child.

A thread that imports a module holds its lock, and in a child there is no such thread: an
import of the same module there would wait for ever. Python has no public way to these
locks; where a version of it keeps them elsewhere, nothing is done.
"""

from __future__ import annotations

import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

# A module that takes longer is imported by who waits for this process, or too large.
PATIENCE_SECONDS = 10.0
_waited_for: set[str] = set()


def await_imports() -> None:
    """Wait for the end of what other threads import just now; once for each module."""
    until = time.monotonic() + PATIENCE_SECONDS
    while elsewhere := _elsewhere() - _waited_for:
        if time.monotonic() > until:
            _waited_for.update(elsewhere)
            return
        time.sleep(0.002)


def forget_imports() -> None:
    """Let go, in a forked child, of what was imported by threads that are not there.

    What is imported in part is found so: an error, but no wait for ever.
    """
    for name in _elsewhere():
        _locks().pop(name, None)


def _elsewhere() -> set[str]:
    me = threading.get_ident()
    found = set()
    for name, reference in list(_locks().items()):
        owner = getattr(reference(), "owner", None)
        if owner not in (None, me):
            found.add(name)
    return found


def _locks() -> MutableMapping[str, Any]:
    bootstrap = sys.modules.get("_frozen_importlib")
    return getattr(bootstrap, "_module_locks", {})
