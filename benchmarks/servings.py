"""Requests to a WSGI application that runs a workflow of three tasks for each."""

from __future__ import annotations

import io
import time
from typing import Any

from benchmarks.chains import build_chain, silence_logging
from dotflow.serving import wsgi_app


def time_requests(loops: int, requests: int) -> float:
    """Time requests, without a server and a network; seconds."""
    silence_logging()
    app = wsgi_app(lambda: build_chain(3))
    started = time.perf_counter()
    for _ in range(loops * requests):
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "CONTENT_LENGTH": "2",
            "wsgi.input": io.BytesIO(b"{}"),
        }
        app(environ, _begin)
    return time.perf_counter() - started


def _begin(status: str, _headers: object, _info: object = None) -> Any:
    assert status == "200 OK", status
    return bytes  # which nobody calls
