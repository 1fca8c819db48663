"""The standard streams and log records of the process, as attempts are heard in them.

The streams are the process's, and many threads and coroutines write to them at once. So
none is swapped for the time of a step: while a run that keeps what its steps print goes
on, a proxy stands before each, asks the context whose attempt this is, and passes
everything on.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import Any

from dotflow.base.guard import guarded
from dotflow.engine.attempt import proxies
from dotflow.engine.output import courier, hear
from dotflow.model.current import current_attempt, this_attempt
from dotflow.model.events import TaskOutput
from dotflow.model.task import Attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from io import IOBase
    from logging import Logger, LogRecord

STREAMS = ("stdout", "stderr")

# Taken by whoever begins or ends; what is written never waits for it.
_lock = threading.Lock()
_hearers = 0
# What was there before `_call_handlers`. It stays known when that is taken away: another
# thread may just have entered it.
_unheard: Any = None
_in_the_way = False
# Whose attempt it is while handlers write of a record that is told by itself, and while
# a stream of the user's own writes, maybe through another proxy.
_SILENT: Any = Attempt(0, None, 0, None)  # type: ignore[arg-type]  # it has no task


class HeardStream:
    """Stands before a standard stream, and is it in all but what it hears.

    Args:
        name: `"stdout"` or `"stderr"`.
        stream: The stream.
        programs: The stream that was there before in a worker process, whose descriptor
            leads to the parent, for programs that are given this one; or None.
    """

    __slots__ = ("__weakref__", "_buffer", "_name", "_plain", "programs", "stream")

    def __init__(self, name: str, stream: Any, programs: Any = None) -> None:
        self._name = name
        self.stream = stream
        self.programs = programs
        self._buffer: HeardBuffer | None = None
        self._plain = type(stream).__module__ in ("_io", "io")

    @property  # type: ignore[misc]  # which may be claimed, and not assigned
    def __class__(self) -> Any:
        return type(self.stream)

    def write(self, text: str) -> Any:
        """Write a text, and have it heard."""
        attempt = this_attempt()
        if attempt is None or attempt.outlet is None:  # it has ended, or is silent
            return self.stream.write(text)
        if self._plain:
            written = self.stream.write(text)
        else:
            token = current_attempt.set(_SILENT)
            try:
                written = self.stream.write(text)
            finally:
                current_attempt.reset(token)
        output = attempt.output
        if output is None:
            hear(attempt, self._name, text)
        else:  # as in `hear`: a step may print a million times
            output.hear(self._name, text)
        return written

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream."""
        if self.programs is not None:
            self.programs.flush()
        self.stream.flush()

    def fileno(self) -> int:
        """Return the descriptor that programs are to write to."""
        number: int = (self.programs or self.stream).fileno()
        return number

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.stream, name)
        if name != "buffer":
            return found
        if self._buffer is None or self._buffer.buffer is not found:
            self._buffer = HeardBuffer(self._name, found)
        return self._buffer

    def __setattr__(self, name: str, value: Any) -> None:
        if name in HeardStream.__slots__:
            object.__setattr__(self, name, value)
        else:
            setattr(self.stream, name, value)

    def __iter__(self) -> Any:
        return iter(self.stream)

    def __enter__(self) -> Any:
        self.stream.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        return self.stream.__exit__(*error)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.stream.__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(self.stream)


class HeardBuffer:
    """Stands before what a stream writes its bytes to.

    Args:
        name: The name of the stream.
        buffer: Its buffer.
    """

    __slots__ = ("__weakref__", "_name", "buffer")

    def __init__(self, name: str, buffer: IOBase) -> None:
        self._name = name
        self.buffer: Any = buffer

    @property  # type: ignore[misc]  # which may be claimed, and not assigned
    def __class__(self) -> Any:
        return type(self.buffer)

    def write(self, data: Any) -> Any:
        """Write bytes, and have them heard as text."""
        written = self.buffer.write(data)
        attempt = this_attempt()
        if attempt is not None:
            hear(attempt, self._name, bytes(data).decode("utf-8", "backslashreplace"))
        return written

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write several pieces."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.buffer, name)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.buffer.__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(self.buffer)


def begin_hearing() -> None:
    """Have attempts heard; each call is made good by one of `end_hearing`."""
    global _hearers, _unheard, _in_the_way
    import logging

    with _lock:
        _hearers += 1
        _stand()
        if not _in_the_way:
            _in_the_way = True
            # Somebody may have put this very function back, who found it there.
            if logging.Logger.callHandlers is not _call_handlers:
                _unheard = logging.Logger.callHandlers
            setattr(logging.Logger, "callHandlers", _call_handlers)  # noqa: B010 - a method


def _stand() -> None:
    """Stand before the streams; also once more, where somebody has replaced one."""
    for name in STREAMS:
        stream = getattr(sys, name, None)
        if stream is not None and type(stream) is not HeardStream:
            setattr(sys, name, HeardStream(name, stream))
    proxies.stdout, proxies.stderr = sys.stdout, sys.stderr
    proxies.stand_again = _stand_again


def _stand_again() -> None:
    with _lock:
        if _hearers:
            _stand()


def end_hearing() -> None:
    """Undo one `begin_hearing`: the last takes the proxies away.

    One that somebody has wrapped meanwhile stays where it is, and hears nothing.
    """
    global _hearers
    with _lock:
        _hearers -= 1
        if _hearers <= 0:
            _take_away()
            if courier.threads:
                courier.pause()


@contextmanager
def hearing(kinds: Collection[str]) -> Iterator[None]:
    """Have attempts heard that a process of a pool or a cluster runs.

    Args:
        kinds: What somebody listens to of what steps tell, as of `kinds_of`.
    """
    if TaskOutput.__name__ not in kinds:
        yield
        return
    begin_hearing()
    try:
        yield
    finally:
        end_hearing()


def _take_away() -> None:
    global _hearers, _in_the_way
    _hearers = 0
    proxies.stand_again = None
    for name in STREAMS:
        stream = getattr(sys, name, None)
        if type(stream) is HeardStream:
            setattr(sys, name, stream.programs or stream.stream)
    logging: Any = sys.modules.get("logging")
    if _in_the_way and logging.Logger.callHandlers is _call_handlers:
        logging.Logger.callHandlers = _unheard
        _in_the_way = False


def _call_handlers(logger: Logger, record: LogRecord) -> None:
    """Have a record heard, and not what handlers write of it to a standard stream.

    A handler at the root would be no place for it: `basicConfig` then does nothing, and
    loggers that do not propagate are not heard.
    """
    attempt = this_attempt()
    if attempt is None or attempt.outlet is None:
        _unheard(logger, record)
        return
    token = current_attempt.set(_SILENT)
    try:
        # Before it is read: filters of handlers may take a secret out of it.
        _unheard(logger, record)
    finally:
        current_attempt.reset(token)
        hear(attempt, "log", record_text(record))


def record_text(record: LogRecord) -> str:
    """Return what a record says, as lines: its level, logger, message and traceback."""
    said = guarded(record.getMessage, None)
    if type(said) is not str:
        said = (
            f"(its message could not be made: {guarded(lambda: repr(record.msg), '')})"
        )
    text = f"{record.levelname} {record.name}: {said}\n"
    error = record.exc_info
    if error and error[0] is not None:
        import traceback

        text += guarded(lambda: "".join(traceback.format_exception(*error)), "")
    return text


def _forget() -> None:
    """Hear nothing in a forked child: nobody there passes it on."""
    global _lock
    _lock = threading.Lock()
    if _hearers:
        _take_away()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
