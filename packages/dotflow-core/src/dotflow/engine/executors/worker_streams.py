"""What is written to descriptors 1 and 2 of a worker process, by programs that a step calls.

What Python code prints there is heard by the proxies of `heard_streams`, and goes where
it always did. The descriptors lead to pipes, which the parent reads: it passes on what
comes, and notes it for the attempt that the worker runs. In the parent, since what a
process that was killed has written is in the pipe still, and since a thread of the worker
would wait for the very code that fills the pipe.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from dotflow.base.guard import called, guarded
from dotflow.engine.heard_streams import STREAMS, HeardStream, begin_hearing
from dotflow.engine.output import hear

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import BaseContext

    from dotflow.model.task import Attempt

    End = Connection[Any, Any]

    class Heard(Protocol):
        """A worker process, as far as it is of interest here."""

        attempt: Attempt | None
        streams: WorkerStreams | None


# What a pipe that takes something takes at once (POSIX's PIPE_BUF is no less on Linux).
_PIECE = 4096
# The most that is read after the end of an attempt: what goes on writing may do so for
# ever.
_REST = 1024 * 1024
# How soon it is looked again whether a terminal or pipe takes something.
_AGAIN_SECONDS = 0.05


class WorkerStreams:
    """The parent's ends of the pipes. Elsewhere than on POSIX there are none.

    Args:
        context: How the process is started, which needs the other ends.

    Attributes:
        theirs: The other ends, until `started`; None in place of what is closed here.
    """

    def __init__(self, context: BaseContext) -> None:
        self.theirs: list[End | None] = []
        self._pipes: dict[int, _Pipe] = {}
        for number in (1, 2) if os.name == "posix" else ():
            if not _is_open(number):
                self.theirs.append(None)
                continue
            ours, theirs = context.Pipe(duplex=False)
            os.set_blocking(ours.fileno(), False)
            self._pipes[ours.fileno()] = _Pipe(number, ours)
            self.theirs.append(theirs)

    def started(self) -> None:
        """Let go of the ends that the process has."""
        for end in self.theirs:
            if end is not None:
                end.close()
        self.theirs = []

    def readable(self) -> tuple[list[int], bool]:
        """Return the descriptors to wait for, and whether these are all."""
        found = [fd for fd, pipe in self._pipes.items() if _takes(pipe.number)]
        return found, len(found) == len(self._pipes)

    def read(self, attempt: Attempt | None, ready: set[Any]) -> None:
        """Pass on what has come, as much as is taken without waiting.

        Args:
            attempt: Whose it is; None where the process runs none.
            ready: The descriptors where something has come, among others.
        """
        for fd in list(self._pipes):
            if fd in ready:
                self._read(fd, attempt)

    def drain(self, attempt: Attempt | None) -> None:
        """Pass on all that has come."""
        for fd in list(self._pipes):
            left = _REST
            while left > 0 and (read := self._read(fd, attempt)):
                left -= read

    def _read(self, fd: int, attempt: Attempt | None) -> int:
        pipe = self._pipes[fd]
        try:
            data = os.read(fd, _PIECE)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:  # nobody can write any more
            self._pipes.pop(fd).connection.close()
            return 0
        try:
            os.write(pipe.number, data)
        except OSError:
            pass  # who read it is gone
        text = pipe.decode(data)
        if attempt is not None:
            hear(attempt, STREAMS[pipe.number - 1], text)
        return len(data)

    def close(self) -> None:
        """Let go of the ends of this process."""
        while self._pipes:
            self._pipes.popitem()[1].connection.close()


class _Pipe:
    """One pipe: for which descriptor, and where this process reads it."""

    def __init__(self, number: int, connection: End) -> None:
        self.number = number
        self.connection = connection
        decoder = codecs.getincrementaldecoder("utf-8")
        self.decode = decoder("backslashreplace").decode


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _takes(number: int) -> bool:
    if not hasattr(select, "poll"):
        return True
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return bool(poll.poll(0))


def wait_and_read(
    workers: Sequence[Heard], handles: list[Any], timeout: float | None
) -> set[Any]:
    """Wait as `multiprocessing.connection.wait` does, and pass on what workers write.

    Args:
        workers: The workers.
        handles: What else to wait for.
        timeout: The longest wait in seconds; None for no bound.

    Returns:
        What is ready.
    """
    from multiprocessing.connection import wait

    heard = [(one.streams, one.attempt) for one in workers if one.streams is not None]
    for streams, _ in heard:
        found, all_of_them = streams.readable()
        handles = [*handles, *found]
        if not all_of_them:
            timeout = min(
                _AGAIN_SECONDS, _AGAIN_SECONDS if timeout is None else timeout
            )
    ready = set(wait(handles, timeout))
    for streams, attempt in heard:
        streams.read(attempt, ready)
    return ready


def lead_streams(ends: list[End | None]) -> None:
    """Have descriptors 1 and 2 of this process lead to its parent, and attempts heard.

    Args:
        ends: Where they are to lead.
    """
    moved = {}
    for number, (name, end) in enumerate(zip(STREAMS, ends, strict=False), 1):
        if end is None:
            continue
        stream: Any = getattr(sys, name, None)
        led = guarded(partial(_led_to, stream), None) == number
        try:
            real = os.dup(number)
        except OSError:
            continue
        os.dup2(end.fileno(), number)
        end.close()
        if led:
            proxy = HeardStream(name, _beside(stream, real), stream)
            setattr(sys, name, proxy)
            moved[id(stream)] = proxy
    _redirect_handlers(moved)
    begin_hearing()


def _led_to(stream: Any) -> Any:
    stream.flush()
    return stream.fileno()


def _beside(stream: Any, number: int) -> Any:
    """Return a stream like another one that leads where that did before."""
    found = os.fdopen(number, "w", encoding=stream.encoding, errors=stream.errors)
    by_line = guarded(lambda: stream.line_buffering, True)
    found.reconfigure(line_buffering=by_line)
    called(lambda: stream.reconfigure(line_buffering=True))
    return found


def _redirect_handlers(moved: dict[int, HeardStream]) -> None:
    """Give log handlers the proxy of the stream that they hold on to.

    What they write of a record, which is told by itself, is not to be told once more.
    """
    logging: Any = sys.modules.get("logging")
    for reference in list(getattr(logging, "_handlerList", ())):
        handler = reference()
        stream = guarded(partial(getattr, handler, "stream"), None)
        if id(stream) in moved:
            called(handler.setStream, moved[id(stream)])
