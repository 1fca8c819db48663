"""Ends a schedule in good order on SIGINT and SIGTERM."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dotflow.engine.signals import interrupt_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first signal; leave the next one to whoever had it before.

    Where nobody had, it ends the run that goes on, and then the program: SIGINT by
    KeyboardInterrupt, SIGTERM by SystemExit. Off the
    main thread, where Python allows no handler, signals stay as they are.

    Args:
        stop: Called from the handler; it must not wait for anything.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    count = 0

    def handle(number: int, frame: Any) -> None:
        nonlocal count
        count += 1
        if count == 1:
            stop()
            return
        handler = before[signal.Signals(number)]
        if callable(handler) and handler is not signal.default_int_handler:
            handler(number, frame)
        else:
            ended_by.append(number)
            interrupt_runs(frame, again=count > 2)

    ended_by: list[int] = []
    for number in _SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    except KeyboardInterrupt:
        if ended_by[:1] == [signal.SIGTERM]:
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
    finally:
        for number, handler in before.items():
            # None stands for one that was not set from Python and cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
