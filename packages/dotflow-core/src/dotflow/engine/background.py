"""`BackgroundThread`: where a run goes on while the script does something else."""

from __future__ import annotations

import os
import sys
import threading
from contextvars import copy_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# How long an interrupted run may take to clean up, before and after its processes are
# killed.
INTERRUPT_SECONDS = 1.0

_awaited: set[BackgroundThread] = set()
_hooked = False


class BackgroundThread(threading.Thread):
    """A thread whose end the script awaits, unless Ctrl-C ends the script.

    Args:
        execute: What to run.
        wait_at_exit: Whether the end of the script waits for it.
    """

    def __init__(self, execute: Callable[[], None], wait_at_exit: bool) -> None:
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

    def start(self) -> None:
        """Start the thread."""
        if self._wait_at_exit:
            _await_at_exit()
            _awaited.add(self)
        super().start()

    def run(self) -> None:
        """Run to the end, or until the run is interrupted."""
        try:
            super().run()
        except KeyboardInterrupt:
            pass  # whoever interrupted it knows
        finally:
            _awaited.discard(self)
            self._over.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end; unlike Python's own, a Ctrl-C in it changes nothing."""
        if self._over.wait(timeout):
            super().join()

    def is_alive(self) -> bool:
        """Say whether the run goes on."""
        return super().is_alive() and not self._over.is_set()

    def interrupt(self) -> bool:
        """Raise KeyboardInterrupt in the run, and end the processes it waits for.

        Returns:
            Whether it has ended. A blocking call in the thread itself holds it up.
        """
        import ctypes

        thread = self.ident
        if thread is None or not self.is_alive():
            return True
        for kill in (False, True):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread), ctypes.py_object(KeyboardInterrupt)
            )
            worker = sys.modules.get("dotflow.engine.executors.worker")
            if worker is not None:
                worker.interrupt_workers(thread, kill)
            self.join(INTERRUPT_SECONDS)
            if not self.is_alive():
                return True
        return False


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
    # What ended the script, where that was an exception nobody caught.
    if getattr(sys, "last_type", None) is KeyboardInterrupt:
        _interrupt_all()
        return
    try:
        while _awaited:
            next(iter(_awaited)).join()
    except KeyboardInterrupt:
        _interrupt_all()
        _end_by_sigint()


def _interrupt_all() -> None:
    for thread in tuple(_awaited):
        thread.interrupt()


def _end_by_sigint() -> None:
    """End as Python does after Ctrl-C, which it no longer would by itself."""
    import atexit
    import signal

    atexit._run_exitfuncs()  # noqa: SLF001 - there is no public name for it
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # nobody is there to read it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
