"""Fixtures: a clean environment and a local webhook."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

from dotflow.testing.endpoint import Answer, RecordingEndpoint, recording_endpoint
from dotflow_discord import NotifyDiscord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "webhook-token_that-nobody-may-see"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the proxies of whoever runs the tests away from loopback."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def secret() -> str:
    """The secret part of every webhook's address here."""
    return SECRET


@pytest.fixture
def api() -> Iterator[RecordingEndpoint]:
    """A local server that takes every message."""
    with recording_endpoint() as endpoint:
        endpoint.answer = lambda _request: Answer(200, {"id": "1"})
        yield endpoint


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """An event to hang on; it is set when the test ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def make_notify() -> Iterator[Callable[..., NotifyDiscord]]:
    """Make notifiers that are closed, without waiting, when the test ends."""
    made: list[NotifyDiscord] = []

    def make(url: str, *args: Any, **kwargs: Any) -> NotifyDiscord:
        made.append(NotifyDiscord(f"{url}/api/webhooks/1/{SECRET}", *args, **kwargs))
        return made[-1]

    yield make
    for notify in made:
        notify.close(0)
