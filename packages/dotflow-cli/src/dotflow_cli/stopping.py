"""Ctrl-C while tasks run: once to end in good order, twice to end at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotflow import DotFlow

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTE = "Stopping after what runs now. Ctrl-C again stops at once."


class Stopping:
    """Whether the run is to end, and by which signal.

    Attributes:
        signal: The first signal; None while there was none.
    """

    signal: int | None = None

    @property
    def exit_code(self) -> int | None:
        """What a program that a signal ended exits with; None if there was none."""
        return None if self.signal is None else 128 + self.signal


@contextmanager
def stopping_on_signals(
    flow: DotFlow, say: Callable[[str], None]
) -> Iterator[Stopping]:
    """Cancel the workflow at the first signal, and interrupt it at the second.

    At the first one no further task begins; what runs inline still ends, so that its
    result is kept. At the second one KeyboardInterrupt is raised wherever the main
    thread is. A third one ends the process, should a step have swallowed that.

    Args:
        flow: The workflow, which is about to start.
        say: Called from the signal handler with what to tell the user; it must not wait.
    """
    stopping = Stopping()
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    process = os.getpid()
    count = 0

    def handle(number: int, _frame: Any) -> None:
        nonlocal count
        if os.getpid() != process:
            raise KeyboardInterrupt  # a process that a step has forked
        count += 1
        stopping.signal = stopping.signal or number
        if count > 2:
            os._exit(128 + number)
        # Not `flow.cancel`: that writes to the storage, and a handler must not wait.
        runs = flow.runs
        if count == 2 or not runs:
            raise KeyboardInterrupt
        say(NOTE)
        for run in runs:
            run.wind_down("it was interrupted")

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
