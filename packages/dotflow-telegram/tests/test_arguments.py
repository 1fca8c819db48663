"""What a notifier accepts, and what it keeps to itself."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dotflow.abc.notify import Notify
from dotflow.errors import DotflowError
from dotflow.providers import NotifyTelegram as Registered
from dotflow.providers.notify_telegram import NotifyTelegram as OfOldPath
from dotflow.testing.imports import imported_by
from dotflow_telegram import NotifyTelegram

TOKEN = "123456:token-that_nobody-may-see"


def test_names() -> None:
    """The class is the same by its package, by `dotflow.providers` and by old path."""
    assert NotifyTelegram is Registered is OfOldPath
    assert issubclass(NotifyTelegram, Notify)


def test_positions() -> None:
    """The arguments of dotflow 1.x stand where they stood."""
    notify = NotifyTelegram(TOKEN, 42, "Failed", True, 2.5)
    assert (notify.chat_id, notify.notification_type) == (42, "Failed")
    assert (notify.show_result, notify.timeout) == (True, 2.5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"token": ""}, "token"),
        ({"token": "12 34"}, "token"),
        ({"token": "12/34"}, "token"),
        ({"token": None}, "token"),
        ({"chat_id": ""}, "chat_id"),
        ({"chat_id": None}, "chat_id"),
        ({"chat_id": True}, "chat_id"),
        ({"notification_type": "failed"}, "'Failed'"),
        ({"notification_type": ["Failed", 1]}, "1 is none of"),
        ({"notification_type": []}, "notification_type"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"retry_for": float("inf")}, "retry_for"),
        ({"base_url": "ftp://example.org"}, "base_url"),
        ({"base_url": "http://[bad"}, "base_url"),
        ({"base_url": "https://example.org/?x"}, "base_url"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], named: str) -> None:
    """A bad argument is refused at once, by name, without showing the token."""
    given = {"token": TOKEN, "chat_id": 42, **arguments}
    with pytest.raises(DotflowError) as caught:
        NotifyTelegram(**given)
    assert isinstance(caught.value, ValueError)
    assert named in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_nothing_shows_the_token() -> None:
    """Neither `repr` nor `str` shows the token, nor does a copy's."""
    notify = NotifyTelegram(TOKEN, 42)
    for one in (notify, pickle.loads(pickle.dumps(notify))):
        assert TOKEN not in repr(one) + str(one)


def test_light_import() -> None:
    """Importing the package and making a notifier does not load its library."""
    program = "import dotflow_telegram; dotflow_telegram.NotifyTelegram('1:x', 1)"
    heavy = {"telegram", "httpx", "asyncio", "urllib.request", "ssl"}
    assert heavy & imported_by(program) == set()
