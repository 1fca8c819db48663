"""`recording_endpoint`: a local HTTP server that remembers, to test providers against.

    with recording_endpoint() as service:
        notify = MyNotify(url=service.url)
        notify.hook_status_task(FakeTask())
        service.wait_for(1)
        assert service.requests[0].json()["text"] == "…"

For a service that fails, see `dotflow.testing.faults`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_WAIT_SECONDS = 30.0


class Request(NamedTuple):
    """A request as it came in; the names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, which is JSON."""
        return json.loads(self.body)


class Answer(NamedTuple):
    """What to answer; a body that is neither text nor bytes goes out as JSON."""

    status: int = 200
    body: Any = b""
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it


class RecordingEndpoint:
    """What is known of the server while it runs.

    Attributes:
        url: Its address, `http://127.0.0.1:<port>`.
        requests: The requests so far.
        answer: Called with each request, in a thread of its own; what it returns is the
            answer. Replace it as you like. Default: 200 without a body.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.answer: Callable[[Request], Answer] = lambda _request: Answer()
        self._changed = threading.Condition()

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have come.

        Args:
            count: How many.

        Raises:
            AssertionError: They have not come in half a minute.
        """
        with self._changed:
            came = self._changed.wait_for(
                lambda: len(self.requests) >= count, _WAIT_SECONDS
            )
        assert came, f"{len(self.requests)} requests instead of {count}"

    def take(self, request: Request) -> Answer:
        """Remember a request and return what to answer; the server calls this.

        Args:
            request: The request.
        """
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return self.answer(request)


@contextmanager
def recording_endpoint() -> Iterator[RecordingEndpoint]:
    """Run a server on a free port of this machine, and end it with the block."""
    endpoint = RecordingEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = endpoint.take(Request(self.command, self.path, headers, body))
            sent = _encode(answer.body)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)
            self.close_connection = True

        do_GET = do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815 - the names that http.server looks for

        def log_message(self, *args: Any) -> None:
            """Keep quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *args: Any) -> None:
            """Clients of tests hang up whenever they like."""

    server = Server(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _encode(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()
