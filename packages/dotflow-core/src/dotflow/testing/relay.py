"""`relay`: a local HTTP server in front of another one, which does what a test says.

    def plan(request):
        if request.command == "PUT":
            request.reply(503)
        else:
            request.pass_on()

    with relay("http://127.0.0.1:5000", plan) as server:
        storage = StorageMine(server.url)

What only fails, in one of seven ways, is `dotflow.testing.faulty_endpoint`.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LIMIT = 120.0
"""The longest that a request hangs, in seconds: only a hang that should not be."""

# Of each connection, not of what is passed on.
_OWN_HEADERS = ("connection", "content-length", "date", "server", "transfer-encoding")

Plan = Callable[["RelayedRequest"], object]
Headers = Iterable[tuple[str, str]]


class Relay(ThreadingHTTPServer):
    """What is known of the server while it runs.

    Attributes:
        url: Its address.
        requests: The requests so far: `"GET /path"`.
        released: Set when the test is over; nothing hangs any longer then.
    """

    daemon_threads = True

    def __init__(self, upstream: str, plan: Plan) -> None:
        super().__init__(("127.0.0.1", 0), RelayedRequest)
        self.upstream = upstream.removeprefix("http://")
        self.plan = plan
        self.requests: list[str] = []
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *args: Any) -> None:
        """Keep quiet: a client that gives up leaves a broken pipe, which is no news."""


class RelayedRequest(BaseHTTPRequestHandler):
    """A request to the server; a plan calls one of its methods.

    Attributes:
        body: What came with it.
    """

    server: Relay
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def handle_request(self) -> None:
        """Take the request and do what the test says; the server calls this."""
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append(f"{self.command} {self.path}")
        self.server.plan(self)

    do_DELETE = do_GET = do_HEAD = do_PATCH = do_POST = do_PUT = handle_request  # noqa: N815 - the names that http.server looks for

    def handle_expect_100(self) -> bool:
        """Say at once that the body may come, for which some clients wait a second."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def forward(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Ask the server behind; return the status, the headers and the body."""
        link = http.client.HTTPConnection(self.server.upstream, timeout=LIMIT)
        try:
            headers = {k: v for k, v in self.headers.items() if k != "Expect"}
            link.request(self.command, self.path, self.body, headers)
            answer = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            link.close()

    def reply(
        self,
        status: int,
        headers: Headers = (),
        body: bytes = b"",
        length: int | None = None,
    ) -> None:
        """Answer.

        Args:
            status: The status.
            headers: The headers, without those of the connection.
            body: The body.
            length: What to say of its length, in bytes, if not the truth: with more
                than there is, the answer breaks off.
        """
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = length is not None

    def pass_on(self) -> None:
        """Answer as the server behind does."""
        self.reply(*self.forward())

    def noise(self) -> None:
        """Answer with what is no HTTP."""
        self.wfile.write(b"\x00\x01 not HTTP at all\r\n\r\n")
        self.close_connection = True

    def hang(self) -> None:
        """Never answer, until the test is over."""
        self.server.released.wait(LIMIT)
        self.close_connection = True

    def behave(self, behaviour: str) -> None:
        """Answer as a service does that takes everything, or one in some trouble.

        Args:
            behaviour: `"ok"`, `"slow"`, `"500"`, `"garbage"` or `"hang"`.
        """
        if behaviour == "hang":
            self.hang()
        elif behaviour == "garbage":
            self.noise()
        else:
            if behaviour == "slow":
                self.server.released.wait(0.3)
            self.reply(500 if behaviour == "500" else 200)


@contextmanager
def relay(upstream: str, plan: Plan) -> Iterator[Relay]:
    """Run a server on a free port of this machine, and end it with the block.

    Args:
        upstream: Address of the server behind: `"http://127.0.0.1:5000"`; a plan that
            passes nothing on needs none, `""`.
        plan: Called with each request, in a thread of its own.
    """
    server = Relay(upstream, plan)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
