"""The exit of the program: one short time for all that is still on its way."""

from __future__ import annotations

import atexit
import os
import sys
import time
from typing import Protocol
from weakref import WeakSet

SECONDS = 1.0
VARIABLE = "DOTFLOW_EXIT_TIMEOUT"


class Leaving(Protocol):
    """What sends in the background, and may have something left at the exit."""

    def begin_leaving(self) -> None:
        """Begin to send what is left; this must not wait."""

    def leave(self, deadline: float) -> None:
        """Wait for it and give up the rest.

        Args:
            deadline: Until when to wait, on the monotonic clock.
        """


_open: WeakSet[Leaving] = WeakSet()
# What has something sent by the others, which must still be open then.
_first: WeakSet[Leaving] = WeakSet()


def at_exit(leaving: Leaving, *, first: bool = False) -> None:
    """Have something send what it has left when the program ends.

    Args:
        leaving: It is forgotten with its last reference.
        first: Whether it sends through others.
    """
    (_first if first else _open).add(leaving)
    # Once in this process, whatever a parent had registered before a fork.
    atexit.unregister(_leave)
    atexit.register(_leave)
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        # Such a child ends by `os._exit`, and runs these instead.
        from multiprocessing.util import Finalize

        Finalize(None, _leave, exitpriority=0)


def exit_seconds() -> float:
    """Return for how long the exit waits, for all of them together."""
    try:
        seconds = float(os.environ.get(VARIABLE) or SECONDS)
    except ValueError:
        return SECONDS
    return seconds if 0 <= seconds < float("inf") else SECONDS


def _leave() -> None:
    deadline = time.monotonic() + exit_seconds()
    # At most half of the time, for what it leads to has to be sent as well.
    half = deadline - exit_seconds() / 2
    for one in list(_first):
        one.leave(half)
    leaving = list(_open)
    # All begin before the first is waited for: one that hangs costs the others nothing.
    for one in leaving:
        one.begin_leaving()
    for one in leaving:
        one.leave(deadline)
