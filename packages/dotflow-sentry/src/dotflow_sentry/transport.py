"""How reports go to Sentry: answers bounded in size, failures told once.

It imports the SDK, so it is imported late.
"""

from __future__ import annotations

from typing import Any

import urllib3
from sentry_sdk.transport import HttpTransport

from dotflow.logging import warn

_LONGEST = 65_536  # bytes of an answer; Sentry's have some fifty

_told: set[str] = set()


class BoundedTransport(HttpTransport):
    """The SDK's own, but that it reads no answer of any size and follows no redirect."""

    def _make_pool(self, *args: Any, **kwargs: Any) -> Any:
        pool = super()._make_pool(*args, **kwargs)
        request = pool.request

        def bounded(*args: Any, **kwargs: Any) -> urllib3.HTTPResponse:
            return _cut(request(*args, **kwargs, preload_content=False, redirect=False))

        pool.request = bounded  # type: ignore[method-assign]
        return pool

    def on_dropped_event(self, reason: str) -> None:
        """Say once for each reason that reports do not arrive; the SDK calls this."""
        if reason not in _told:
            _told.add(reason)
            warn("Reports do not arrive at Sentry: %s.", reason)


def _cut(answer: Any) -> urllib3.HTTPResponse:
    """Return an answer as if it had been read, with its end left out."""
    length = answer.headers.get("Content-Length", "")
    body = b""
    if length.isascii() and length.isdigit() and int(length) <= _LONGEST:
        body = answer.read(decode_content=False)
        answer.release_conn()
    else:
        answer.close()
    return urllib3.HTTPResponse(body, answer.headers, answer.status)
