"""`BackgroundThread`: where a run goes on while the script does something else."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextvars import copy_context

from dotflow.base.coroutines import cancel_coroutine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dotflow.engine.control import Control

# How long an interrupted run may take to clean up, before and after its processes are
# killed.
INTERRUPT_SECONDS = 1.0
# How long a loop that is in no step may take to see that its run is to end.
NOTICE_SECONDS = 0.2

_going_on: set[BackgroundThread] = set()
_awaited: set[BackgroundThread] = set()
_hooked = False


class BackgroundThread(threading.Thread):
    """A thread whose end the script awaits, unless Ctrl-C ends the script.

    Args:
        execute: What to run.
        wait_at_exit: Whether the end of the script waits for it.
        keep_error: Whether to leave what is raised to who awaits the run, rather than
            to `threading.excepthook`.

    Attributes:
        error: What was raised and kept.
    """

    def __init__(
        self, execute: Callable[[], None], wait_at_exit: bool, keep_error: bool = False
    ) -> None:
        # A daemon, since Python would wait for any other even after Ctrl-C.
        # With the context variables of who starts it: a trace goes on in the run.
        super().__init__(
            target=copy_context().run,
            args=(execute,),
            name="dotflow-background",
            daemon=True,
        )
        self._wait_at_exit = wait_at_exit
        self._over = threading.Event()
        self._abandoned = False
        self.error: BaseException | None = None
        self._keep_error = keep_error
        self._at_end: list[Callable[[], None]] = []

    def add_done_callback(self, call: Callable[[], None]) -> None:
        """Have something called when the run is over, in any thread; now if it is.

        Args:
            call: What to call; it must not raise.
        """
        self._at_end.append(call)
        if self._over.is_set():
            self._call_back()

    def start(self) -> None:
        """Start the thread."""
        from dotflow.engine.signals import guard_background

        if self._wait_at_exit:
            _await_at_exit()
            _awaited.add(self)
        guard_background()
        _going_on.add(self)
        super().start()

    def run(self) -> None:
        """Run to the end, or until the run is interrupted."""
        try:
            super().run()
        except (KeyboardInterrupt, SystemExit):
            # Whoever interrupted it knows, and a step that exits ends its run alone.
            pass
        except BaseException as error:
            if not self._keep_error:
                raise
            self.error = error
        finally:
            self._end()

    def _end(self) -> None:
        _going_on.discard(self)
        _awaited.discard(self)
        self._over.set()
        self._call_back()

    def _call_back(self) -> None:
        # Both who adds one late and who ends take them out; each is taken once.
        while self._at_end:
            try:
                call = self._at_end.pop()
            except IndexError:
                return
            call()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end; unlike Python's own, a Ctrl-C in it changes nothing."""
        if self._over.wait(timeout):
            if not self._abandoned:
                super().join()
            if not _going_on:
                from dotflow.engine.signals import release_background

                release_background()

    def is_alive(self) -> bool:
        """Say whether the run goes on."""
        return super().is_alive() and not self._over.is_set()

    def interrupt(self) -> bool:
        """Raise KeyboardInterrupt in the run, and end the processes it waits for.

        Returns:
            Whether it has ended. A blocking call in the thread itself holds it up.
        """
        from dotflow.engine.signals import runs_in

        thread = self.ident
        if thread is None or not self.is_alive():
            return True
        controls = [run.control for run in runs_in(thread)]
        for control in controls:  # for where it is between two steps
            if control.reason is None:
                control.interrupt()
        for kill in (False, True):
            if not cancel_coroutine(thread, KeyboardInterrupt) or kill:
                self._raise_in_step(controls)
            worker = sys.modules.get("dotflow.engine.executors.worker")
            if worker is not None:
                worker.interrupt_workers(thread, kill)
            self.join(INTERRUPT_SECONDS)
            if not self.is_alive():
                return True
        return False

    def _raise_in_step(self, controls: Sequence[Control]) -> None:
        """Raise KeyboardInterrupt where a step holds up the loop.

        Elsewhere the loop ends the run by itself. What is raised while the thread starts
        another one may hit that, which has its identity until it runs, and which it then
        waits for without end.
        """
        self.join(NOTICE_SECONDS)
        for control in controls if self.is_alive() else ():
            control.stop_step(KeyboardInterrupt)

    def forget(self) -> None:
        """Count as over: this process was forked, and the thread is not in it."""
        self._abandoned = True
        self._over.set()

    def end(self) -> None:
        """End the run as `interrupt` does; one that goes on is told as ended.

        For the end of the program, which its thread does not outlive.
        """
        if self.interrupt() or self.ident is None:
            return
        from dotflow.engine.signals import runs_in

        self._abandoned = True
        try:
            for run in reversed(runs_in(self.ident)):
                run.abandon()
        finally:
            self._end()


def end_all(
    seconds: float | None = None, threads: Iterable[BackgroundThread] | None = None
) -> None:
    """End background runs, all at the same time.

    Args:
        seconds: The longest wait; None for as long as each of them takes.
        threads: Those to end; None for all.
    """
    helpers = [
        threading.Thread(target=thread.end, name="dotflow-ending", daemon=True)
        for thread in tuple(_going_on if threads is None else threads)
    ]
    until = None if seconds is None else time.monotonic() + seconds
    for helper in helpers:
        helper.start()
    for helper in helpers:
        helper.join(None if until is None else max(0.0, until - time.monotonic()))


def _await_at_exit() -> None:
    global _hooked
    if _hooked:
        return
    _hooked = True
    # Its own hook makes its pools useless; hooks run from the last to the first.
    import concurrent.futures.thread  # noqa: F401

    # `atexit` runs after pools are useless, and this hook has no public name.
    threading._register_atexit(_at_exit)  # type: ignore[attr-defined]  # noqa: SLF001


def _at_exit() -> None:
    import signal

    # What ended the script, where that was an exception nobody caught.
    interrupted = getattr(sys, "last_type", None) is KeyboardInterrupt
    try:
        while _awaited and not interrupted:
            next(iter(_awaited)).join()
    except KeyboardInterrupt:
        interrupted = True
    else:
        if not interrupted:
            return
    # It takes a moment, and a further Ctrl-C would only print a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_all(threads=_awaited)
    if getattr(sys, "last_type", None) is KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return  # Python ends by that signal itself
    import atexit

    from dotflow.engine.signals import end_by

    atexit._run_exitfuncs()  # noqa: SLF001 - there is no public name for it
    end_by(signal.SIGINT)


def _forget() -> None:
    """Let a forked child wait for nothing: no thread of a run is in it."""
    _awaited.clear()
    for thread in tuple(_going_on):
        thread.forget()
    _going_on.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
