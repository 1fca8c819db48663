"""Fixtures: a clean environment and a local Bot API server."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dotflow.testing.endpoint import Answer, RecordingEndpoint, recording_endpoint
from dotflow_telegram import NotifyTelegram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = "123456:token-that_nobody-may-see"
SENT = {
    "message_id": 1,
    "date": 1700000000,
    "chat": {"id": 42, "type": "private"},
    "text": "sent",
}


OK = Answer(200, {"ok": True, "result": SENT})


@pytest.fixture
def ok() -> Answer:
    """What the Bot API answers to a message that it has taken."""
    return OK


@pytest.fixture
def error() -> Callable[..., Answer]:
    """Answer as the Bot API does to a request that it has not taken."""

    def make(status: int, description: str, **parameters: int) -> Answer:
        body: dict[str, Any] = {
            "ok": False,
            "error_code": status,
            "description": description,
        }
        if parameters:
            body["parameters"] = parameters
        return Answer(status, body)

    return make


@pytest.fixture
def token() -> str:
    """The token of every notifier made here."""
    return TOKEN


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of whoever runs the tests away from loopback."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def api() -> Iterator[RecordingEndpoint]:
    """A local server that takes every message."""
    with recording_endpoint() as endpoint:
        endpoint.answer = lambda _request: OK
        yield endpoint


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """An event to hang on; it is set when the test ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def make_notify() -> Iterator[Callable[..., NotifyTelegram]]:
    """Make notifiers that are closed, without waiting, when the test ends."""
    made: list[NotifyTelegram] = []

    def make(url: str, *args: Any, **kwargs: Any) -> NotifyTelegram:
        made.append(NotifyTelegram(TOKEN, 42, *args, base_url=url, **kwargs))
        return made[-1]

    yield make
    for notify in made:
        notify.close(0)
