"""`faulty_endpoint`: a local server that fails on purpose, to test providers against.

    with faulty_endpoint("hangs") as url:
        Config(notify=MyNotify(url=url, timeout=0.5))

It needs neither a test framework nor the network. The module
`dotflow.testing.fault_contract` has the suites that go through all of these.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FAULTS = ("refuses", "hangs", "500", "garbage", "slow")
"""The faults that every provider which talks to a service has to survive."""

EXTRA_FAULTS = ("closes", "drips")
"""Two more: it hangs up without a word; it never stops sending, one byte at a time."""

MORE_FAULTS = (
    "401",
    "redirect",
    "endless",
    "resets",
    "slow-tls",
    "drips-body",
    "cuts",
)
"""Seven more, of which not every client notices each."""

_KNOWN = FAULTS + EXTRA_FAULTS + MORE_FAULTS
_GARBAGE = b"\x00\xff\x16\x03 this is no protocol that anybody speaks \r\n\r\n\xfe" * 4
_CHUNK = 65536


class FaultyURL(str):
    """The address of a faulty endpoint, `http://127.0.0.1:<port>`: a text, and more.

    Attributes:
        host: The host alone, for clients that speak something other than HTTP.
        port: The port alone.
    """

    __slots__ = ("_server", "host", "port")

    host: str
    port: int
    _server: _Server

    def __new__(cls, server: _Server) -> FaultyURL:
        """Return the address of a server."""
        scheme = "https" if server.kind == "slow-tls" else "http"
        self = super().__new__(cls, f"{scheme}://{server.host}:{server.port}")
        self.host, self.port, self._server = server.host, server.port, server
        return self

    @property
    def connections(self) -> int:
        """How many connections have been made to it; always 0 where it refuses."""
        return self._server.connections


@contextmanager
def faulty_endpoint(
    kind: str,
    *,
    delay: float = 1.0,
    status: int = 200,
    body: bytes = b"{}",
    content_type: str = "application/json",
) -> Iterator[FaultyURL]:
    """Run a server on a free port of this machine, and end it with the block.

    - `"refuses"`: nobody listens at the port, and nobody else gets it meanwhile.
    - `"hangs"`: takes the connection and what is sent, and never answers.
    - `"500"`: answers every HTTP request with status 500 and a page of HTML.
    - `"garbage"`: answers the first bytes, of whatever protocol, with nonsense.
    - `"slow"`: answers every HTTP request correctly, `delay` seconds late.
    - `"closes"`: takes the connection and hangs up at the first byte.
    - `"drips"`: sends a header that never ends, a byte every 50 ms, so that a limit on
      each wait for data is never reached.
    - `"401"`: answers every HTTP request with status 401.
    - `"redirect"`: answers every HTTP request with a redirect to itself.
    - `"endless"`: answers every HTTP request with a body that has no end.
    - `"resets"`: breaks the connection off in the middle of an answer.
    - `"drips-body"`: as `"drips"`, but in a body whose header is complete.
    - `"cuts"`: announces a longer body than it sends, and hangs up.
    - `"slow-tls"`: its address is `https://`, and what it says comes a byte every 50 ms.

    Args:
        kind: A name out of `FAULTS`, `EXTRA_FAULTS` or `MORE_FAULTS`.
        delay: How late the answer of `"slow"` comes, in seconds.
        status: The status of the answer of `"slow"`.
        body: Its body.
        content_type: Its type.

    Yields:
        The address, which knows `host`, `port` and how many `connections` were made.

    Raises:
        ValueError: There is no such fault.
    """
    if kind not in _KNOWN:
        known = ", ".join(map(repr, _KNOWN))
        raise ValueError(f"There is no fault {kind!r}. There are: {known}.")
    answer = _answer(status, content_type, body)
    if kind == "500":
        answer = _answer(500, "text/html", b"<html>Internal Server Error</html>")
    elif kind == "401":
        answer = _answer(401, "application/json", b'{"message": "who are you?"}')
    elif kind == "redirect":
        answer = _answer(307, "text/html", b"").replace(
            b"Connection", b"Location: /elsewhere\r\nConnection"
        )
    elif kind in ("drips-body", "cuts"):
        answer = answer.replace(b"Content-Length: ", b"Content-Length: 99")
    elif kind in ("endless", "resets"):
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    server = _Server(kind, delay, answer)
    try:
        yield FaultyURL(server)
    finally:
        server.close()


def _answer(status: int, content_type: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status} {'OK' if status < 400 else 'Error'}\r\n"
        f"Content-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


class _Server:
    """Accepts connections in one thread and serves each in another."""

    def __init__(self, kind: str, delay: float, answer: bytes) -> None:
        self.connections = 0
        self.kind = self._kind = kind
        self._delay = delay
        self._answer = answer
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.host, self.port = self._listener.getsockname()
        # A port that is bound but not listened at refuses, and stays ours.
        if kind != "refuses":
            self._listener.listen(64)
            self._start(self._accept)

    def close(self) -> None:
        self._closed.set()
        if self._kind != "refuses":
            _shut(self._listener)
            self._wake()
        with self._lock:
            for connection in self._open:
                _shut(connection)
        for thread in list(self._threads):
            thread.join()
        self._listener.close()

    def _wake(self) -> None:
        """Make a blocked `accept` return, on systems where shutting does not."""
        try:
            socket.create_connection((self.host, self.port), timeout=1.0).close()
        except OSError:
            pass  # it has returned

    def _start(self, function: object, *args: object) -> None:
        thread = threading.Thread(target=function, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._closed.is_set():
                    connection.close()
                    return
                self.connections += 1
                self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._speak(connection)
        except OSError:
            pass  # the client has gone, as well it may
        finally:
            with self._lock:
                self._open.discard(connection)
                connection.close()

    def _break_off(self, connection: socket.socket) -> None:
        _read_request(connection)
        connection.sendall(
            self._answer[:30] if self._kind == "resets" else self._answer
        )
        while self._kind == "endless" and not self._closed.is_set():
            connection.sendall(b" " * _CHUNK)
        # What is not yet sent is dropped, and the other side told so.
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )

    def _speak(self, connection: socket.socket) -> None:
        if self._kind in ("endless", "resets"):
            self._break_off(connection)
            return
        if self._kind == "drips-body":
            _read_request(connection)
            connection.sendall(self._answer)
            while not self._closed.wait(0.05):
                connection.sendall(b"z")
        elif self._kind in ("500", "slow", "401", "redirect", "cuts"):
            _read_request(connection)
            late = self._kind == "slow" and self._closed.wait(self._delay)
            if not late:
                connection.sendall(self._answer)
        elif not connection.recv(_CHUNK) or self._kind == "closes":
            return
        elif self._kind == "garbage":
            connection.sendall(_GARBAGE)
        elif self._kind in ("drips", "slow-tls"):
            # Of TLS: a record of a handshake, of 16 KB.
            tls = self._kind == "slow-tls"
            begin = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"
            connection.sendall(begin if tls else b"HTTP/1.1 200 OK\r\nX-Endless: ")
            while not self._closed.wait(0.05):
                connection.sendall(b"z")
        if self._kind != "hangs":
            # Closing with bytes unread would take the answer back from the client.
            connection.shutdown(socket.SHUT_WR)
        while connection.recv(_CHUNK):
            pass


def _read_request(connection: socket.socket) -> None:
    """Read an HTTP request to its end, or to where its client waits for a word."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(_CHUNK)
        if not received:
            return
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    fields = {
        name.strip().lower(): value.strip().lower()
        for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))
    }
    if b"expect" in fields:
        return
    chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
    length = int(fields.get(b"content-length", b"0"))
    while not body.endswith(b"0\r\n\r\n") if chunked else len(body) < length:
        received = connection.recv(_CHUNK)
        if not received:
            return
        body += received


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it was never connected, or is closed already
