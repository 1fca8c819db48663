"""The local server that providers are tested against."""

from __future__ import annotations

import pytest

from dotflow.delivery.http import UrllibRequest
from dotflow.testing.endpoint import Answer, recording_endpoint


@pytest.mark.parametrize(
    ("body", "kind"), [(b"raw", bytes), ("text", str), ({"a": 1}, dict)]
)
def test_requests_are_remembered(body: object, kind: type) -> None:
    """It remembers what came, and answers with what it was told."""
    with recording_endpoint() as service:
        service.answer = lambda _request: Answer(418, body, {"Retry-After": "7"})
        status, headers = UrllibRequest().request(
            "PATCH", f"{service.url}/x?y=1", b'{"n": 2}', {"X-Mine": "z"}
        )
        service.wait_for(1)
    assert (status, headers["retry-after"]) == (418, "7")
    [request] = service.requests
    assert (request.method, request.path) == ("PATCH", "/x?y=1")
    assert request.headers["x-mine"] == "z"
    assert request.json() == {"n": 2}
