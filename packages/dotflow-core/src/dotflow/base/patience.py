"""Bounds in all, for what a client library bounds only for each wait.

An answer that comes byte by byte never exceeds a limit on each wait, and one that has no
end fills the memory.
"""

from __future__ import annotations

import io
import math
import socket
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_RATE = 1_000_000  # bytes a second, the least that a large body has to come at
_SHORTEST = 0.001  # seconds: none at all would mean not to wait
_UNTOLD = 16_000_000  # bytes of an answer that does not tell how long it is


class Allowance:
    """How long a call may still take, and how much it may still receive.

    Args:
        seconds: How long, from now on.
        most: How many bytes.
    """

    __slots__ = ("_most", "_until")

    def __init__(self, seconds: float, most: float = math.inf) -> None:
        self._until = time.monotonic() + seconds
        self._most = most

    def grow(self, size: float) -> None:
        """Allow for so many bytes more, and for the time that they take.

        Args:
            size: The bytes.
        """
        self._until += size / _RATE
        self._most += size

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: There are none.
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        return left

    def take(self, count: int) -> None:
        """Note what was received.

        Args:
            count: The bytes.

        Raises:
            ConnectionError: It is too much.
        """
        self._most -= count
        if self._most < 0:
            raise ConnectionError("the answer is too long")


class CallTime(threading.local):
    """When what a thread asks for now is to be over, of however many attempts it is.

    Attributes:
        until: By `time.monotonic`; infinite where nothing bounds it.
    """

    until = math.inf

    def left(self) -> float:
        """Return the seconds that are left, which may be none."""
        return self.until - time.monotonic()


class BoundedSocket:
    """A socket, of TLS or not, all whose waits together have an allowance.

    Args:
        source: The socket, which has a timeout for each wait.
        allowance: Gives what holds now; None where nothing does.
    """

    def __init__(
        self, source: socket.socket, allowance: Callable[[], Allowance | None]
    ) -> None:
        self._source = source
        self._allowance = allowance
        self._given = source.gettimeout()
        # It keeps the socket open, which `http.client` closes after the headers.
        self._raw: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def settimeout(self, seconds: float | None) -> None:
        """Set the longest single wait."""
        self._given = seconds
        self._source.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """Return the longest single wait."""
        return self._given

    def recv(self, *args: Any) -> bytes:
        """Receive, as of `socket.socket`."""
        allowance = self._wait()
        data = self._source.recv(*args)
        if allowance is not None:
            allowance.take(len(data))
        return data

    def recv_into(self, *args: Any) -> int:
        """Receive, as of `socket.socket`."""
        return self._received(self._source.recv_into, *args)

    def readinto(self, buffer: Any) -> int:
        """Read as a raw file does."""
        return self._received(self._raw.readinto, buffer)

    def sendall(self, *args: Any) -> None:
        """Send, as of `socket.socket`."""
        self._wait()
        self._source.sendall(*args)

    def makefile(self, *_args: Any, **_options: Any) -> io.BufferedReader:
        """Return a file to read from; `http.client` asks for no other."""
        self._raw = self._source.makefile("rb", buffering=0)
        return io.BufferedReader(_Raw(self, self._raw))

    def _received(self, receive: Callable[..., Any], *args: Any) -> int:
        allowance = self._wait()
        count = int(receive(*args))
        if allowance is not None:
            allowance.take(count)
        return count

    def _wait(self) -> Allowance | None:
        """Have the wait that comes end in time, and return what it counts for."""
        allowance, seconds = self._allowance(), self._given
        if allowance is not None and seconds != 0:
            left = allowance.left()
            seconds = left if seconds is None else min(left, seconds)
        self._source.settimeout(seconds)
        return allowance


class _Raw(io.RawIOBase):
    def __init__(self, bounded: BoundedSocket, raw: Any) -> None:
        self._bounded, self._raw = bounded, raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._bounded.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class Handshake:
    """Breaks a connection off where what it begins with takes too long in all.

    For TLS, whose handshake no `BoundedSocket` sees.

    Args:
        source: The socket below.
        seconds: How long it may take.
    """

    def __init__(self, source: socket.socket, seconds: float) -> None:
        self._copy = source.dup()  # TLS takes the socket itself
        self._timer = threading.Timer(seconds, self._break_off)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Let the connection be: it stands, or has failed."""
        self._timer.cancel()
        self._copy.close()

    def _break_off(self) -> None:
        try:
            self._copy.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended just now


class BoundedHTTP:
    """Makes each request of a connection of urllib3 end in time: a base before its class."""

    sock: Any
    timeout: Any
    call_time = CallTime()
    _allowance: Allowance | None = None
    _handshake: Handshake | None = None

    def _new_conn(self) -> socket.socket:
        if isinstance(self.timeout, (int, float)):
            # urllib3 sets it anew for each request.
            self.timeout = self._limit()
        found: socket.socket = super()._new_conn()  # type: ignore[misc]
        if isinstance(self.timeout, (int, float)):
            self._handshake = Handshake(found, self.timeout)
        return found

    def connect(self) -> None:
        """Connect, as of urllib3."""
        try:
            super().connect()  # type: ignore[misc]
        finally:
            if self._handshake is not None:
                self._handshake.end()
        self.sock = BoundedSocket(self.sock, lambda: self._allowance)

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request, as of urllib3."""
        self._allowance = None
        if isinstance(self.timeout, (int, float)):
            self._allowance = Allowance(self._limit(), _UNTOLD)
            headers = options.get("headers") or (args[3] if len(args) > 3 else None)
            self._allowance.grow(_length(headers or {}))
        super().request(*args, **options)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """Wait for the headers of the answer, as of urllib3."""
        response: Any = super().getresponse()  # type: ignore[misc]
        if self._allowance is not None:
            self._allowance.grow(_length(response.headers))
        return response

    def _limit(self) -> float:
        return max(_SHORTEST, min(float(self.timeout), self.call_time.left()))


def bounded_pools(
    pools: Mapping[str, Any], call_time: CallTime | None = None
) -> dict[str, Any]:
    """Return the classes of urllib3's pools, with connections that end in time.

    Args:
        pools: `PoolManager.pool_classes_by_scheme`.
        call_time: Bounds several attempts together; None where each has its own time.
    """
    known = {"call_time": call_time or CallTime()}
    return {
        scheme: type(
            pool.__name__,
            (pool,),
            {
                "ConnectionCls": type(
                    pool.ConnectionCls.__name__,
                    (BoundedHTTP, pool.ConnectionCls),
                    known,
                )
            },
        )
        for scheme, pool in pools.items()
    }


def _length(headers: Mapping[str, Any]) -> int:
    for name in ("Content-Length", "content-length"):
        value = headers.get(name)
        if value is not None:
            text = value.decode() if isinstance(value, bytes) else str(value)
            return int(text) if text.isdecimal() else 0
    return 0
