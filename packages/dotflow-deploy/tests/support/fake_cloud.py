"""What the fakes of clouds on loopback have in common: a server, and refusals."""

from __future__ import annotations

import json
import threading
from abc import abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


class Refused(Exception):
    """An answer that is an error.

    Args:
        status: Its status.
        body: What it says, as JSON.
        message: The same for a reader of the tests.
    """

    def __init__(self, status: int, body: dict[str, Any], message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class FakeCloud:
    """A server on loopback that changes a state, one request at a time.

    Attributes:
        changes: Each request that may change something: `"POST /v2/…"`.
        fail_at: The number of the change that is refused, from 0. None: none.
        after: Whether what is refused was done all the same: an answer that got lost.
    """

    def __init__(self) -> None:
        self.changes: list[str] = []
        self.fail_at: int | None = None
        self.after = False
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop the server; again does nothing."""
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @abstractmethod
    def answer(self, method: str, url: str, body: bytes, headers: Any) -> Answer:
        """Return the status and what to say, or raise `Refused`."""

    @abstractmethod
    def refusal(self) -> Refused:
        """Return what the change of the number `fail_at` is answered."""

    def counted(self, method: str, path: str, change: Any) -> Any:
        """Return what a change returns, unless it is the one to refuse."""
        refused = False
        if method != "GET":
            refused = self.fail_at == len(self.changes)
            self.changes.append(f"{method} {path}")
        if refused and not self.after:
            raise self.refusal()
        result = change()
        if refused:
            raise self.refusal()
        return result


def _handler(fake: FakeCloud) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _serve(self) -> None:
            assert self.headers.get("Transfer-Encoding") != "chunked"
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                with fake.lock:
                    status, told = fake.answer(
                        self.command, self.path, body, self.headers
                    )
            except Refused as refused:
                status, told = refused.status, refused.body
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def log_message(self, *_args: Any) -> None:
            """Write nothing."""

    return Handler
