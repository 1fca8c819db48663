"""Attempts in the threads of a pool, which the end of their run interrupts."""

from __future__ import annotations

import threading
import time

from dotflow.base.coroutines import cancel_coroutine
from dotflow.base.thread_error import raise_in_thread
from dotflow.engine.attempt import run_attempt
from dotflow.engine.control import RunCancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


# How long the end of a run waits for what it has interrupted.
STOP_SECONDS = 1.0


class InterruptibleAttempts:
    """Runs attempts in whatever threads call it, and can stop those that run.

    Python raises the interruption when a thread next runs Python code. A blocking call
    goes on until it returns, so what must be stopped in any case asks for a process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: set[int] = set()
        self._hit: set[int] = set()
        self._stopped = False

    def run(self, attempt: Any, call: Callable[[Any], Any] = run_attempt) -> Any:
        """Run an attempt in this thread; see `run_attempt`.

        Args:
            attempt: The attempt.
            call: What runs it.

        Raises:
            RunCancelled: The attempt was stopped.
        """
        thread = threading.get_ident()
        with self._lock:
            if self._stopped:
                raise RunCancelled("The run has ended.")
            self._threads.add(thread)
        try:
            return call(attempt)
        finally:
            while True:
                try:
                    self._leave(thread)
                    break
                except RunCancelled:
                    continue  # it came just now, which is as good as any time before

    def stop(self) -> None:
        """Interrupt every attempt, and wait a moment for them to end."""
        with self._lock:
            self._stopped = True
            for thread in self._threads:
                if not cancel_coroutine(thread, RunCancelled):
                    self._hit.add(thread)
                    raise_in_thread(thread, RunCancelled)
        until = time.monotonic() + STOP_SECONDS
        while self._threads and time.monotonic() < until:
            time.sleep(0.005)

    @property
    def running(self) -> bool:
        """Whether any attempt runs."""
        return bool(self._threads)

    def _leave(self, thread: int) -> None:
        """Let the thread go: from here on nothing is raised in it."""
        with self._lock:
            self._threads.discard(thread)
            if thread in self._hit:
                # It may not have been raised yet, and the thread is a pool's.
                self._hit.discard(thread)
                raise_in_thread(thread, None)
