"""Ctrl-C and SIGTERM while tasks run: once to end in good order, twice to end at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotflow import DotFlow

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# How long what runs may go on after the first signal: platforms kill after 10 s.
GRACE_SECONDS = 4.0
# How long it may take to end, and to be noted, once it is interrupted.
END_SECONDS = 2.0
_AGAIN_SECONDS = 0.5
NOTE = f"Stopping: what runs has {GRACE_SECONDS:g} s to end. Ctrl-C again stops it at once."
_REASON = "it was interrupted"


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

    At the first one no further task begins, and what runs has `GRACE_SECONDS` to end, so
    that its result is kept. Then, or at the second one, it is interrupted. Where that
    does not end it, its end is noted and the process ends all the same. Further signals
    change nothing, up to the fourth, which ends the process at once.

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
    # A handler may put into it wherever the thread is.
    told: SimpleQueue[bool] = SimpleQueue()

    def handle(number: int, _frame: Any) -> None:
        nonlocal count
        if os.getpid() != process:
            raise KeyboardInterrupt  # a process that a step has forked
        count += 1
        stopping.signal = stopping.signal or number
        if count > 3:
            os._exit(128 + stopping.signal)
        # Not `flow.cancel`: that writes to the storage, and a handler must not wait.
        runs = flow.runs
        if count == 1:
            if not runs:
                raise KeyboardInterrupt
            say(NOTE)
            for run in runs:
                run.wind_down(_REASON)
        told.put(True)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    ending = threading.Thread(
        target=_end, args=(flow, told, stopping), name="dotflow-stopping", daemon=True
    )
    ending.start()
    try:
        yield stopping
    finally:
        told.put(False)
        if stopping.exit_code is None:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
        else:
            end_at_signals(stopping.exit_code)


def end_at_signals(code: int) -> None:
    """Have a further signal end the process at once and without a traceback.

    Args:
        code: What the process exits with.
    """
    for number in SIGNALS:
        signal.signal(number, lambda *_: os._exit(code))


def _end(flow: DotFlow, told: SimpleQueue[bool], stopping: Stopping) -> None:
    """End the runs once a signal has come, from a thread that nothing holds up."""
    if not told.get() or not _passes(told, GRACE_SECONDS):
        return
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until:
        for run in flow.runs:
            # Again and again: a step may have swallowed the first interruption.
            if run.thread is None:
                run.cancel(_REASON)
            else:
                run.abandon(_REASON)
        if not _passes(told, _AGAIN_SECONDS, until_signal=False):
            return
    for run in flow.runs:
        run.abandon(_REASON)
    # One in a thread has ended by now for whoever waits for it. What still holds up
    # the main thread never returns, and there is nothing left to note.
    if _passes(told, END_SECONDS, until_signal=False):
        leave(stopping.exit_code or 1)


def _passes(
    told: SimpleQueue[bool], seconds: float, *, until_signal: bool = True
) -> bool:
    """Wait, at most until a signal comes; False if the runs end meanwhile."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        try:
            again = told.get(timeout=left)
        except Empty:
            break
        if not again:
            return False
        if until_signal:
            break
    return True


def leave(code: int) -> None:
    """End the process, whatever its threads are in.

    Args:
        code: What it exits with.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # nobody is there to read it
    os._exit(code)
