"""AWS's APIs over HTTP on loopback: every request is recorded, and any one can fail."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import WSGIRequestHandler, make_server

READING = re.compile(r"(?:Batch)?(?:Get|List|Describe|Head)[A-Z]|GET |HEAD ")
TAGS = re.compile(rb"<Tag>.*</Tag>", re.DOTALL)
XML = (
    "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    "<Code>{code}</Code><Message>{message}</Message></ErrorResponse>"
)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class Quiet(WSGIRequestHandler):
    """Writes no line about each request."""

    def log(self, *args: Any) -> None:
        """Write nothing."""


@dataclass
class Fault:
    """A refusal.

    Attributes:
        matches: Tells of which requests it is.
        code: What AWS calls it.
        message: What AWS says.
        status: The HTTP status.
        times: How often it occurs.
        after: Whether the request is carried out before.
        skip: How many that match are let through first.
        body: The JSON that is answered instead, which need be no refusal.
    """

    matches: Callable[[str], bool]
    code: str = "Fault"
    message: str = "there is a fault"
    status: int = 400
    times: int = 1
    after: bool = False
    skip: int = 0
    body: Any = None
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)

    def strikes(self, operation: str) -> bool:
        """Tell whether a request is refused."""
        if not self.matches(operation):
            return False
        self.seen += 1
        if self.seen <= self.skip or self.struck >= self.times:
            return False
        self.struck += 1
        return True


def mutates(operation: str) -> bool:
    """Tell whether an operation may change something."""
    return READING.match(operation) is None


def operation_of(environ: Environ, body: bytes) -> str:
    """Return what a request asks for: `"CreateRole"`, or a method with a path."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if b"Action=" in body and b"Version=" in body:
        return parse_qs(body.decode())["Action"][0]
    query = environ.get("QUERY_STRING", "")
    path = environ["PATH_INFO"] + (f"?{query}" if query else "")
    return f"{environ['REQUEST_METHOD']} {path}"


class Server:
    """The APIs, in this process but spoken to over HTTP."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self.operations: list[str] = []
        self.bodies: list[bytes] = []
        self.faults: list[Fault] = []
        self.tags_new_buckets = True
        self._lock = threading.Lock()
        self._server = make_server(
            "127.0.0.1", 0, self, threaded=True, request_handler=Quiet
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def mutations(self) -> list[str]:
        """The operations that may have changed something."""
        return [operation for operation in self.operations if mutates(operation)]

    def forget(self) -> None:
        """Forget what was asked for."""
        self.operations.clear()
        self.bodies.clear()

    @contextmanager
    def failing(self, fault: Fault) -> Iterator[Fault]:
        """Have some requests refused meanwhile."""
        self.faults.append(fault)
        try:
            yield fault
        finally:
            self.faults.remove(fault)

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        operation = operation_of(environ, body)
        if operation.startswith("POST /moto-api/"):
            return self._pass_on(environ, body, start_response)
        with self._lock:
            self.operations.append(operation)
            self.bodies.append(body)
            fault = next((f for f in self.faults if f.strikes(operation)), None)
        if fault is None:
            return self._pass_on(environ, body, start_response)
        if fault.after:
            _drain(self._pass_on(environ, body, lambda *_: lambda _: None))
        return _refuse(fault, environ, start_response)

    def _pass_on(
        self, environ: Environ, body: bytes, start_response: StartResponse
    ) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._app(
            {**environ, "wsgi.input": BytesIO(body)}, start_response
        )
        tags = TAGS.search(body) if b"<CreateBucketConfiguration" in body else None
        if tags is None or not self.tags_new_buckets:
            return answer
        # S3 has tagged new buckets in the request that makes them since 2025, which
        # this server does not know yet.
        made = _drain(answer)
        text = b"<Tagging><TagSet>" + tags[0] + b"</TagSet></Tagging>"
        more = {"QUERY_STRING": "tagging", "CONTENT_LENGTH": str(len(text))}
        _drain(
            self._app(
                {**environ, **more, "wsgi.input": BytesIO(text)},
                lambda *_: lambda _: None,
            )
        )
        return [made]


def _drain(answer: Iterable[bytes]) -> bytes:
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    return content


def _refuse(
    fault: Fault, environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    kind = environ.get("CONTENT_TYPE") or ""
    rest = environ["PATH_INFO"].startswith(("/2015", "/2019", "/v2/", "/20"))
    if fault.body is not None:
        text = json.dumps(fault.body)
    elif "json" in kind or rest:
        text = json.dumps({"__type": fault.code, "message": fault.message})
    else:
        text = XML.format(code=fault.code, message=fault.message)
    content = text.encode()
    headers = [
        ("Content-Type", "application/json" if text[0] == "{" else "text/xml"),
        ("Content-Length", str(len(content))),
    ]
    if fault.status >= 400:
        headers.append(("x-amzn-ErrorType", fault.code))
    start_response(f"{fault.status} Instead", headers)
    return [content]
