"""Ctrl-C and SIGTERM while runs go on: they end in good order, and are told as Cancelled.

In the main thread, and only where nobody else handles these signals. SIGINT still raises
KeyboardInterrupt and SIGTERM still ends the process; what is added is that a run ends
before. Neither is raised in the middle of what a run writes down: there its loop, which
looks by itself, takes note of it.
"""

from __future__ import annotations

# `signal` makes enums as it is loaded, a tenth of a first run's imports, and looks one up
# for each call: eight of a run.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys
import threading

from dotflow.base.coroutines import cancel_coroutine

getsignal, set_signal = signal.getsignal, signal.signal
URGENT: int | None = getattr(signal, "SIGURG", None)
"""A signal that is ignored by default, and used by hardly anybody."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any, Protocol, Self

    from dotflow.engine.control import Control

    class EndableRun(Protocol):
        """A run, for whoever ends it from outside its thread."""

        @property
        def control(self) -> Control:
            """Who may end it early."""

        def abandon(self) -> None:
            """Tell its end: its thread is in a call that does not return."""


# Where the main thread is in code of the user's, and may be interrupted.
_OPEN = {
    ("dotflow.engine.attempt", "run_attempt"),
    ("dotflow.engine.attempt", "run_step"),
    ("dotflow.engine.executors.isolated", "run_isolated"),
    ("dotflow.engine.executors.event_loop", "EventLoopExecutor._run_coroutine"),
    ("dotflow.engine.maps.item_source", "ItemSource.take"),
}
# Where it is not, though a step may have come here: it writes down what has ended, or
# closes an event loop, which cannot be closed again once that was begun.
_NEVER = {
    ("dotflow.engine.loop", "Loop.keep_together"),
    ("asyncio.base_events", "BaseEventLoop.close"),
    ("asyncio.proactor_events", "BaseProactorEventLoop.close"),
    ("asyncio.selector_events", "BaseSelectorEventLoop.close"),
    ("asyncio.unix_events", "_UnixSelectorEventLoop.close"),
}
# Where it writes down what ran, or a loop looks by itself twice a second.
_ENDING = ("dotflow.engine.run", "RunSession.__exit__")
_CLOSED = {
    _ENDING,
    ("dotflow.engine.run", "RunSession.__enter__"),
    ("dotflow.engine.loop", "Loop.steps"),
    ("dotflow.base.coroutines", "awaited"),
}
# How long what runs in the background may take to end before the process does.
END_SECONDS = 4.0

_DEFAULTS: dict[int, Any] = {
    int(signal.SIGINT): signal.default_int_handler,
    int(signal.SIGTERM): int(signal.SIG_DFL),
}
_TERM = {int(signal.SIGTERM): int(signal.SIG_DFL)}


# By thread: the runs that go on there, those inside others last.
_runs: dict[int, list[EndableRun]] = {}


def runs_in(thread: int) -> list[EndableRun]:
    """Return the runs that go on in a thread, those inside others last."""
    return list(_runs.get(thread, ()))


class RunSignals:
    """Handles both signals while a run goes on; runs inside it, or beside it, share it.

    The first signal ends the run where its step is, a further one wherever it is, except
    while it ends already. Afterwards the process goes on with KeyboardInterrupt, or ends
    by SIGTERM.

    Args:
        run: The run; None around what may begin one.
    """

    depth = 0
    count = 0
    process = 0
    number: int | None = None
    before: dict[int, Any]

    def __init__(self, run: EndableRun | None = None) -> None:
        self._run = run

    def __enter__(self) -> Self:
        if self._run is not None:
            _runs.setdefault(threading.get_ident(), []).append(self._run)
        self._counts = threading.current_thread() is threading.main_thread()
        if self._counts:
            shared = RunSignals
            if not shared.depth:
                shared.count, shared.number, shared.process = 0, None, os.getpid()
                shared.before = _install(_DEFAULTS, _on_signal)
            shared.depth += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if self._run is not None:
            thread = threading.get_ident()
            others = [one for one in _runs.pop(thread, ()) if one is not self._run]
            if others:
                _runs[thread] = others
        shared = RunSignals
        if not self._counts:
            return
        shared.depth -= 1
        if shared.depth or shared.process != os.getpid():
            return
        _restore(shared.before, _on_signal)
        if shared.number == signal.SIGTERM:
            end_by(signal.SIGTERM)
        if shared.number is not None:
            quiet_exit()
            if kind is None:  # it came when the run had ended already
                raise KeyboardInterrupt


def _on_signal(number: int, frame: FrameType | None) -> None:
    shared = RunSignals
    shared.count += 1
    if shared.number is None:
        shared.number = number
    interrupt_runs(frame, shared.count > 1)


def interrupt_runs(frame: FrameType | None, again: bool = False) -> None:
    """End the runs that go on in this thread; for a handler of a signal.

    Args:
        frame: Where the signal came.
        again: Whether it is not the first one.

    Raises:
        KeyboardInterrupt: Here and now, where that disturbs nothing.
    """
    controls = [run.control for run in runs_in(threading.get_ident())]
    for control in controls:
        control.interrupt()
    if again:
        if _ENDING not in _names(frame) and not any(one.ending for one in controls):
            raise KeyboardInterrupt
    else:
        raise_in(frame, KeyboardInterrupt)


def undisturbed(call: Callable[[], None]) -> None:
    """Call what takes seconds at most, with no further Ctrl-C in the middle of it."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        call()
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        call()
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def raise_in(frame: FrameType | None, error: type[BaseException]) -> None:
    """Raise an exception in a step, and nowhere else; for a handler of a signal.

    Args:
        frame: Where the signal came.
        error: The exception.
    """
    names = _names(frame)
    module = "" if frame is None else frame.f_globals.get("__name__", "")
    waits = module.startswith(("asyncio.", "selectors"))  # an event loop, for its tasks
    if names & _NEVER:
        return
    if names & _OPEN:
        if waits and cancel_coroutine(threading.get_ident(), error):
            return
    elif waits or names & _CLOSED:
        return
    raise error


def is_in_step(thread: int) -> bool:
    """Say whether another thread is in a step, and not in what a run does around it.

    Args:
        thread: Its identity.
    """
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - there is no public name
    while frame is not None:
        place = (frame.f_globals.get("__name__", ""), frame.f_code.co_qualname)
        if place in _OPEN:
            return True
        if place in _NEVER or place in _CLOSED:
            return False
        frame = frame.f_back
    return False


def _names(frame: FrameType | None) -> set[tuple[str, str]]:
    found = set()
    while frame is not None:
        found.add((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname))
        frame = frame.f_back
    return found


def _install(
    defaults: dict[int, Any], handle: Callable[[int, Any], None]
) -> dict[int, Any]:
    """Handle the signals that nobody else does, and return how they were handled."""
    before = {}
    for number, default in defaults.items():
        if getsignal(number) == default:
            before[number] = default
            set_signal(number, handle)
    return before


def _restore(before: dict[int, Any], handle: Callable[[int, Any], None]) -> None:
    for number, handler in before.items():
        if getsignal(number) is handle:  # else somebody's own came meanwhile
            set_signal(number, handler)


def end_by(number: int) -> None:
    """End the process by a signal, in the main thread, and the background runs before.

    Args:
        number: The signal.
    """
    for ignored in _DEFAULTS:
        signal.signal(ignored, signal.SIG_IGN)  # it ends already
    background = sys.modules.get("dotflow.engine.background")
    if background is not None:
        # In threads of their own, since this one may hold a lock that they want.
        background.end_all(END_SECONDS)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError, RuntimeError):
            pass  # nobody is there to read it, or this thread is in the middle of it
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def guard_background() -> None:
    """Have SIGTERM end the background runs of this process before it ends itself."""
    if threading.current_thread() is threading.main_thread():
        _install(_TERM, _on_background_signal)


def release_background() -> None:
    """Handle SIGTERM no more: the last background run has ended."""
    if threading.current_thread() is threading.main_thread():
        _restore(_TERM, _on_background_signal)


def _on_background_signal(number: int, _frame: FrameType | None) -> None:
    end_by(number)


_quiet = False


def quiet_exit() -> None:
    """Have a further Ctrl-C, while the program ends, end it without a traceback."""
    global _quiet
    if _quiet:
        return
    _quiet = True
    try:
        # Before Python joins threads, for which `atexit` is too late.
        threading._register_atexit(_quieten)  # type: ignore[attr-defined]  # noqa: SLF001
    except RuntimeError:
        _quieten()  # the program ends already


def _quieten() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


# By thread: the signals that it had blocked before it forks.
_masks: dict[int, set[int]] = {}


def _before_fork() -> None:
    # A signal that came to the child before its handlers are its own would be lost, and
    # what an alarm raises in a hook like this one as well.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (*_DEFAULTS, signal.SIGALRM))
    _masks[threading.get_ident()] = mask


def _after_fork() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _masks.pop(threading.get_ident(), ()))


def _begin_anew() -> None:
    """Let a forked child be as any other: the runs of its parent go on elsewhere."""
    _runs.clear()
    RunSignals.depth = 0
    for number, handler in _DEFAULTS.items():
        if signal.getsignal(number) in (_on_signal, _on_background_signal):
            signal.signal(number, handler)
    _after_fork()
    _masks.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_begin_anew,
    )
