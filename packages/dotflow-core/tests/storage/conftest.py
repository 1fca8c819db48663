"""Helpers of the storage tests."""

from __future__ import annotations

import os
import signal

import pytest


@pytest.fixture
def in_child():
    """Return a function that runs a call in a forked child and returns how it ended.

    The result is the exit code, negative for a signal, as in `subprocess`. The child
    prints the traceback of an exception and ends with 1.
    """
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")

    def run(call):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                call()
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    return run


@pytest.fixture
def die():
    """Return what ends this process at once, with nothing flushed or cleaned up."""
    return lambda: os.kill(os.getpid(), signal.SIGKILL)
