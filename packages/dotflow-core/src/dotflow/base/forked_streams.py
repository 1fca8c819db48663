"""Unlocks in a forked child what threads of its parent were writing at the fork.

Each buffered file has a lock of its own. A thread that held it is not in the child, where
the first `print` or log record would wait for it for ever.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from io import BufferedWriter, TextIOWrapper

from dotflow.base.guard import called, guarded


def renew_streams() -> None:
    """Give the standard streams, and those of log handlers, new locks and buffers.

    What was in a buffer is the parent's to write: here it would be written twice.
    """
    for buffer in {id(one): one for one in _buffers()}.values():
        # Once more on the same object, which others hold; neither `flush` nor `detach`
        # could be called, they wait for the lock.
        called(BufferedWriter.__init__, buffer, buffer.raw)


def _buffers() -> Iterator[BufferedWriter]:
    streams = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__, *_logged())
    # Some stand before another one, as the proxies of a run that keeps output do.
    behind = [guarded(partial(getattr, one, "stream"), None) for one in streams]
    for stream in (*streams, *behind):
        if type(stream) is TextIOWrapper and type(stream.buffer) is BufferedWriter:
            yield stream.buffer


def _logged() -> Iterator[object]:
    """Give the streams of all log handlers."""
    logging = sys.modules.get("logging")
    if logging is None:
        return
    for logger in (logging.root, *list(logging.Logger.manager.loggerDict.values())):
        for handler in getattr(logger, "handlers", ()):
            yield guarded(partial(getattr, handler, "stream"), None)
