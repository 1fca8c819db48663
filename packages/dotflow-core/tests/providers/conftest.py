"""Fixtures: a clean environment, a local HTTP server, and small programs to run."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    """Keep the user's settings, and those of the logger, out of a test and after it."""
    for name in ("SERVER_BASE_URL", "SERVER_USER_TOKEN", "DOTFLOW_OUTPUT_PATH"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    logger = logging.getLogger("dotflow")
    before = (logger.level, logger.propagate, logger.disabled, list(logger.handlers))
    yield
    logger.setLevel(before[0])
    logger.propagate, logger.disabled, logger.handlers = before[1:]
    logging.disable(logging.NOTSET)


class Api:
    """A server that remembers what it got and answers as it is told.

    `answer` maps a request to `(status, headers)`, or to bytes that are sent as they
    are, or to an iterator of such bytes, or to None to close the connection.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], Any] = lambda _request: (200, {})
        self.changed = threading.Condition()
        api = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = {
                    "method": self.command,
                    "path": self.path,
                    "headers": dict(self.headers.items()),
                    "body": json.loads(body) if body else None,
                }
                with api.changed:
                    api.requests.append(request)
                    api.changed.notify_all()
                answer = api.answer(request)
                if isinstance(answer, bytes):
                    self.wfile.write(answer)
                elif isinstance(answer, Iterator):
                    for piece in answer:
                        self.wfile.write(piece)
                elif answer is not None:
                    self.send_response(answer[0])
                    for name, value in answer[1].items():
                        self.send_header(name, value)
                    self.end_headers()
                self.close_connection = True

            do_GET = do_POST = do_PATCH = handle_any  # noqa: N815

            def log_message(self, *args: Any) -> None:
                """Keep quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args: Any) -> None:
                """Clients of these tests hang up whenever they like."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/api/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def wait_for(self, count: int) -> None:
        """Wait until that many requests have come."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, 30)

    @property
    def calls(self) -> list[tuple[str, str]]:
        """The method and the path of each request."""
        return [
            (request["method"], request["path"].removeprefix("/api/v1"))
            for request in self.requests
        ]

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def make_api() -> Iterator[Callable[[], Api]]:
    """Start a local server; each call starts another one."""
    apis: list[Api] = []

    def make() -> Api:
        apis.append(Api())
        return apis[-1]

    yield make
    for api in apis:
        api.close()


@pytest.fixture
def api(make_api: Callable[[], Api]) -> Api:
    """A local server that answers 200."""
    return make_api()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """An event to hang on; it is set when the test ends."""
    event = threading.Event()
    yield event
    event.set()
