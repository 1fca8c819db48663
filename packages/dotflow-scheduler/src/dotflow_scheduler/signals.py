"""Ends a schedule in good order on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first signal; leave the next one to whoever had it before.

    Where nobody had, it ends the program: SIGINT as KeyboardInterrupt, SIGTERM as
    SystemExit, so that the run that goes on is marked and its processes end. Off the
    main thread, where Python allows no handler, signals stay as they are.

    Args:
        stop: Called from the handler; it must not wait for anything.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    stopping = False

    def handle(number: int, frame: Any) -> None:
        nonlocal stopping
        if stopping:
            _pass_on(before[signal.Signals(number)], number, frame)
            return
        stopping = True
        stop()

    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            # None stands for one that was not set from Python and cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _pass_on(handler: Any, number: int, frame: Any) -> None:
    if callable(handler):
        handler(number, frame)
    elif number == signal.SIGINT:
        raise KeyboardInterrupt
    else:
        raise SystemExit(128 + number)
