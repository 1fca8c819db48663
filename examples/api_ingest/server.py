"""An API with pages of users, which is busy now and then."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

PAGES = 12


class Api(BaseHTTPRequestHandler):
    """Answers `/pages` and `/users/<page>`; each fifth request is one too many."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[str]] = []
    refused: ClassVar[list[str]] = []
    lock = threading.Lock()

    def do_GET(self) -> None:
        """Answer a request."""
        with self.lock:
            self.seen.append(self.path)
            busy = len(self.seen) % 5 == 0
            if busy:
                self.refused.append(self.path)
        page = self.path.rpartition("/")[2]
        if busy:
            self._answer(429, {})
        elif self.path == "/pages":
            self._answer(200, {"pages": PAGES})
        else:
            names = [f"user {page}-{number}" for number in range(5)]
            self._answer(200, {"users": names})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve() -> ThreadingHTTPServer:
    """Start the API on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
