"""`Metrics`: what is counted of requests, in the text form of Prometheus."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from dotflow_server.store import Store

_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class Metrics:
    """Counts of one process, from its beginning."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds = 0.0
        self._events = 0

    def add_request(self, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        known = method if method in _METHODS else "other"  # it may be any word
        with self._lock:
            self._requests[known, status] += 1
            self._seconds += seconds

    def add_events(self, number: int) -> None:
        """Count events that were written."""
        with self._lock:
            self._events += number

    def text(self, store: Store) -> str:
        """Return what was counted, and how many runs there are of each status."""
        with self._lock:
            requests, seconds = sorted(self._requests.items()), self._seconds
            events = self._events
        lines = [
            "# HELP dotflow_server_requests_total Requests that were answered.",
            "# TYPE dotflow_server_requests_total counter",
            *(
                f'dotflow_server_requests_total{{method="{method}",status="{status}"}}'
                f" {number}"
                for (method, status), number in requests
            ),
            "# HELP dotflow_server_request_seconds_total Seconds that they took.",
            "# TYPE dotflow_server_request_seconds_total counter",
            f"dotflow_server_request_seconds_total {seconds:.6f}",
            "# HELP dotflow_server_events_total Events that were taken of runners.",
            "# TYPE dotflow_server_events_total counter",
            f"dotflow_server_events_total {events}",
            "# HELP dotflow_runs Runs in the store, by status.",
            "# TYPE dotflow_runs gauge",
            *(
                f'dotflow_runs{{status="{status}"}} {number}'
                for status, number in sorted(store.counts().items())
            ),
        ]
        return "\n".join(lines) + "\n"


class Counted:
    """Counts what an application answers.

    Args:
        app: The application.
        metrics: Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            self._metrics.add_request(scope["method"], status, seconds)
