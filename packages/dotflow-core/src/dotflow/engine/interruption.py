"""`Interruption`: an exception raised in one thread at the wish of another."""

from __future__ import annotations

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


class Interruption:
    """A way to interrupt the thread that makes it.

    In the main thread on Unix it is the signal SIGURG, which is ignored by default and
    used by hardly anybody: it wakes whatever blocks. Elsewhere the exception is raised
    when the thread next runs Python code (`PyThreadState_SetAsyncExc`).
    """

    def __init__(self) -> None:
        import signal

        self._thread = threading.get_ident()
        self._error: type[BaseException] | None = None
        self._signal = getattr(signal, "SIGURG", None)
        self._outer = None
        in_main = threading.current_thread() is threading.main_thread()
        if self._signal is None or not in_main:
            self._signal = None
            return
        self._outer = signal.getsignal(self._signal)
        if self._outer in (signal.SIG_DFL, signal.SIG_IGN):
            signal.signal(self._signal, self._on_signal)
        else:
            self._signal = None  # the application's own

    def raise_there(self, error: type[BaseException]) -> None:
        """Raise `error` in the thread; called from another one."""
        self._error = error
        if self._signal is not None:
            import signal

            signal.pthread_kill(self._thread, self._signal)
        elif self._thread != threading.get_ident():
            import ctypes

            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._thread), ctypes.py_object(error)
            )

    def close(self) -> None:
        """Give the signal back; afterwards nothing is raised."""
        self._error = None
        if self._signal is not None:
            import signal

            signal.signal(self._signal, self._outer)
            self._signal = None

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._error is not None:
            raise self._error
