"""Flushing within a limit, whatever the endpoint does."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

# After a flush that took too long the next ones, of any signal, get no more than this
# until one succeeds: a dead collector is to hold somebody up once, not thrice.
STUCK_SECONDS = 0.5

_stuck = threading.Event()
_running: dict[int, threading.Thread] = {}


class Flushed:
    """A mixin of what tells a provider of the SDK."""

    _provider: Any = None

    def flush(self, seconds: float) -> bool:
        """Send what was told.

        Args:
            seconds: The most to wait.

        Returns:
            Whether everything was sent or given up.
        """
        return flush_within(seconds, self._provider)


def flush_within(seconds: float, provider: Any) -> bool:
    """Call `provider.force_flush()`, and wait for it at most for `seconds`.

    The SDK's own limit is not kept where an exporter waits for its endpoint, so this
    waits for a thread.

    Args:
        seconds: The most to wait.
        provider: An SDK's provider; one that has no such method holds nothing back.

    Returns:
        Whether everything was sent or given up.
    """
    force_flush = getattr(provider, "force_flush", None)
    if force_flush is None:
        return True
    limit = min(seconds, STUCK_SECONDS) if _stuck.is_set() else seconds
    thread = _begin(provider, force_flush)
    thread.join(limit)
    if thread.is_alive():
        _stuck.set()
        return False
    _stuck.clear()
    _running.pop(id(provider), None)
    return True


class LastFlush:
    """What sends the rest at the exit of the program; see `dotflow.delivery.leaving`.

    Args:
        provider: An SDK's provider, of which nobody else takes care.
    """

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._pid = os.getpid()

    def begin_leaving(self) -> None:
        """Begin to send what is left."""
        if self._pid != os.getpid():
            return  # it is a parent's, who sends it
        try:
            _begin(self._provider, self._provider.force_flush)
        except RuntimeError:
            pass  # no thread can start any more: Python 3.12.0 and 3.12.1

    def leave(self, deadline: float) -> None:
        """Wait for it."""
        thread = _running.get(id(self._provider))
        if thread is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                from dotflow.logging import warn

                kind = type(self._provider).__name__
                warn("What %s had left has not been sent in time.", kind)


def _begin(provider: Any, force_flush: Any) -> threading.Thread:
    thread = _running.get(id(provider))
    if thread is None or not thread.is_alive():
        thread = threading.Thread(
            target=_flush, args=(force_flush,), name="dotflow-otel-flush", daemon=True
        )
        thread.start()
        _running[id(provider)] = thread
    return thread


def _flush(force_flush: Any) -> None:
    try:
        force_flush()
    except Exception:  # noqa: BLE001, S110 - the SDK has logged it, and telling never breaks
        pass
