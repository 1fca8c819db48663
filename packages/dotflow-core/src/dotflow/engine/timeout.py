"""A bound on the time of an attempt, and what stops it.

In the main thread of a process on Unix a timer signal interrupts whatever Python code
runs there: a loop, `time.sleep`, a blocking read. A coroutine is cancelled. Nothing in
Python can stop a blocking call in another thread, so there, and on Windows, the
executor gives the attempt a process of its own.
"""

from __future__ import annotations

import sys
import time
from types import CoroutineType

from dotflow.base.coroutines import finished_value, timed_out
from dotflow.base.guard import Interruption
from dotflow.model.outcome import is_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, TypeVar

    T = TypeVar("T")

# A step that swallows the interruption (a bare `except:` in a loop) gets it again.
REPEAT_SECONDS = 1.0
# A signal that comes just before a blocking call does not wake it; the next one does.
TICK_SECONDS = 0.1


class TimeUp(Interruption):
    """Raised inside the step."""

    def __init__(self, alarm: _Alarm) -> None:
        super().__init__("The time of what contains this is over.")
        self.alarm = alarm


def can_interrupt_here() -> bool:
    """Say whether a step that runs in this thread can be interrupted in place."""
    import _signal  # type: ignore[import-not-found]  # see `engine/signals.py`
    import threading

    return (
        hasattr(_signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
    )


def call_within(seconds: float, call: Callable[[], Any], task_name: str) -> Any:
    """Run `call()` and interrupt it when `seconds` have passed.

    A coroutine that it returns is run to its end within the same bound. Calls nest: the
    time of what contains this one goes on.

    Raises:
        TaskTimeout: The time ran out, whatever the step made of the interruption.
    """
    if not can_interrupt_here():
        return finished_value(call(), seconds, task_name)
    alarm = _Alarm(seconds)
    try:
        try:
            alarm.set()
            value = call()
            if type(value) is CoroutineType:
                # Its own bound cancels it; the alarm is for one that will not end.
                alarm.put_off(REPEAT_SECONDS)
                value = finished_value(value, seconds, task_name)
        finally:
            alarm.stop()
    except TimeUp as interruption:
        if interruption.alarm is not alarm:
            raise
        raise timed_out(task_name, seconds).with_traceback(
            interruption.__traceback__
        ) from None
    except Exception:
        if alarm.rang:
            raise timed_out(task_name, seconds) from None
        raise
    finally:
        alarm.restore()
    if alarm.rang:
        raise timed_out(task_name, seconds)
    return value


class _Alarm:
    """The one timer of the process, lent to a call.

    Another's timer (of a call around this one, or the user's own) rings in between when
    it is due, and has its handler and what is left of its time back afterwards.
    """

    def __init__(self, seconds: float) -> None:
        import signal

        self._signal = signal
        self.rang = False
        self._frame = sys._getframe(1)  # noqa: SLF001 - there is no public name for it
        self._tracer: Any = None
        self._insisted = False
        now = time.monotonic()
        self._due = now + seconds
        self._outer = signal.getsignal(signal.SIGALRM)
        left, self._outer_interval = signal.getitimer(signal.ITIMER_REAL)
        self._outer_due = now + left if left else float("inf")

    def set(self) -> None:
        """Start the time."""
        self._signal.signal(self._signal.SIGALRM, self._ring)
        self._wind()

    def put_off(self, seconds: float) -> None:
        """Ring later."""
        self._due += seconds
        self._wind()

    def stop(self) -> None:
        """Ring no more."""
        self._signal.setitimer(self._signal.ITIMER_REAL, 0)
        if self._insisted:
            sys.settrace(self._tracer)

    def restore(self) -> None:
        """Give the timer back."""
        self.stop()
        if self._outer is not None:  # None: a handler that Python cannot install
            self._signal.signal(self._signal.SIGALRM, self._outer)
        if self._outer_due != float("inf"):
            left = max(self._outer_due - time.monotonic(), 1e-6)
            self._signal.setitimer(self._signal.ITIMER_REAL, left, self._outer_interval)

    def _wind(self) -> None:
        left = min(self._due, self._outer_due) - time.monotonic()
        self._signal.setitimer(self._signal.ITIMER_REAL, max(left, 1e-6), TICK_SECONDS)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if now >= self._outer_due:
            self._ring_outer(now, number, frame)
        if now < self._due:
            if not self.rang:
                self._wind()
            return
        time_up = TimeUp(self)
        if self.rang:
            self._insist(frame, time_up)
        self.rang = True
        self._due = now + REPEAT_SECONDS
        raise time_up

    def _ring_outer(self, now: float, number: int, frame: FrameType | None) -> None:
        interval = self._outer_interval
        self._outer_due = now + interval if interval else float("inf")
        if callable(self._outer):
            self._outer(number, frame)
        elif self._outer == self._signal.SIG_DFL:  # which ends the process
            self._signal.signal(number, self._signal.SIG_DFL)
            self._signal.raise_signal(number)

    def _insist(self, frame: FrameType | None, time_up: TimeUp) -> None:
        """Have the interruption raised once more where an `except:` has caught it."""

        def trace(frame: FrameType, event: str, _arg: object) -> Any:
            if event == "exception" or is_ours(frame):
                return trace
            raise time_up

        if not self._insisted:
            self._tracer = sys.gettrace()
            self._insisted = True
        while frame is not None and frame is not self._frame:
            frame.f_trace = trace
            frame = frame.f_back
        sys.settrace(trace)
