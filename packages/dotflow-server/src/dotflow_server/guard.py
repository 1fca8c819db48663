"""`Guard`: what every request has to pass, and what every answer carries."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from dotflow_server.problems import problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; font-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

MOST_BODY = 1 << 20
MOST_INGESTED = 16 << 20
MOST_HELD = 256 << 20
"""How many bytes of bodies that have not all come are held at once, of all requests:
anybody may send one, and who it is from is asked after."""

BODY_SECONDS = 20.0
# Requests a second of one address, and how many at once.
RATE, BURST = 200.0, 600.0
INGEST_RATE, INGEST_BURST = 3000.0, 6000.0
_CLIENTS = 10_000


class Guard:
    """Refuses what no route should see, before it is read.

    A body is read whole first, within its bounds of size and time: no route waits for
    one that comes by the byte.

    Args:
        app: The application.
        hosts: The names that the server may be called by; others are somebody's who has
            a name of his own lead here.
        body_seconds: How long a body may take to come.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] = LOOPBACK,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._body_seconds = body_seconds
        self._held = 0
        self._buckets: OrderedDict[tuple[str, bool], tuple[float, float]] = (
            OrderedDict()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, scope["path"])
        headers = dict(scope["headers"])
        refusal = self._refusal(scope, headers)
        if refusal is None and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            ingests = _ingests(scope["path"])
            bound = MOST_INGESTED if ingests else MOST_BODY
            try:
                async with asyncio.timeout(self._body_seconds):
                    body = await self._read(receive, bound)
            except TimeoutError:
                refusal = (408, "slow_body", "The body of the request came too slowly.")
            except _Full:
                refusal = (503, "busy", "Too much comes at once: send it later.")
            else:
                if body is None:
                    text = f"The body of the request is larger than {bound} bytes."
                    refusal = (413, "too_large", text)
                else:
                    receive = _replayed(body, receive)
        if refusal is not None:
            # What of the body still comes is nobody's: the connection ends with this.
            answer = problem(*refusal, headers={"connection": "close"})
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _read(self, receive: Receive, bound: int) -> bytes | None:
        """Return the body of a request; None where it is larger than allowed.

        Raises:
            _Full: There is no room for it now.
        """
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b"".join(parts)
                part: bytes = message.get("body", b"")
                size += len(part)
                self._held += len(part)
                if size > bound:
                    return None
                if self._held > MOST_HELD:
                    raise _Full
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
        finally:
            self._held -= size

    def _refusal(
        self, scope: Scope, headers: dict[bytes, bytes]
    ) -> tuple[int, str, str] | None:
        host = _hostname(headers.get(b"host", b"").decode("latin-1"))
        if host not in self._hosts:
            text = f"This server is not called {host!r}: see --allow-host."
            return 421, "unknown_host", text
        client = (scope.get("client") or ("", 0))[0]
        if not self._has_turn(client, _ingests(scope["path"])):
            return 429, "too_many", "Too many requests: wait a second."
        return None

    def _has_turn(self, client: str, ingests: bool) -> bool:
        rate, burst = (INGEST_RATE, INGEST_BURST) if ingests else (RATE, BURST)
        now, key = time.monotonic(), (client, ingests)
        left, since = self._buckets.pop(key, (burst, now))
        left = min(burst, left + (now - since) * rate)
        has = left >= 1
        self._buckets[key] = (left - 1 if has else left, now)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return has


class _Full(Exception):
    """There is no room for what comes."""


def _ingests(path: str) -> bool:
    return path.endswith("/events") or "/cli/workflows" in path


def _hostname(host: str) -> str:
    """Return the name in a Host header, without the port."""
    name, bracket, _ = host.lower().partition("]")
    return f"{name}]" if bracket else name.partition(":")[0]


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _with_headers(send: Send, path: str) -> Send:
    private = path.startswith("/api/") or path in ("/metrics", "/readyz", "/healthz")

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            more = [*_HEADERS, (b"cache-control", b"no-store")] if private else _HEADERS
            known = {name.lower() for name, _ in message.get("headers", [])}
            own = list(message.get("headers", []))
            message["headers"] = own + [pair for pair in more if pair[0] not in known]
        await send(message)

    return sending
