"""Raises an exception in another thread, when that next runs Python code."""

from __future__ import annotations


def raise_in_thread(thread: int, error: type[BaseException] | None) -> None:
    """Have an exception raised in a thread as soon as it can be.

    It comes wherever the thread is by then, so whoever asks for it must take it back
    before the thread leaves what is to be ended, and let nobody ask at the same time.

    Args:
        thread: Its identity.
        error: The exception; None takes back what was not raised yet.
    """
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if error is None else ctypes.py_object(error)
    )
