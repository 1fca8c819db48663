"""What a notifier accepts, and what it keeps to itself."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from dotflow.abc.notify import Notify
from dotflow.errors import DotflowError
from dotflow.providers import NotifyDiscord as Registered
from dotflow.providers.notify_discord import NotifyDiscord as OfOldPath
from dotflow.testing.imports import imported_by
from dotflow_discord import NotifyDiscord

SECRET = "webhook-token_that-nobody-may-see"
URL = f"https://discord.com/api/webhooks/1/{SECRET}"


def test_names() -> None:
    """The class is the same by its package, by `dotflow.providers` and by old path."""
    assert NotifyDiscord is Registered is OfOldPath
    assert issubclass(NotifyDiscord, Notify)


def test_positions() -> None:
    """The arguments of dotflow 1.x stand where they stood."""
    notify = NotifyDiscord(URL, "Failed", True, 2.5)
    assert notify.notification_type == "Failed"
    assert (notify.show_result, notify.timeout) == (True, 2.5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"webhook_url": ""}, "webhook_url"),
        ({"webhook_url": None}, "webhook_url"),
        ({"webhook_url": SECRET}, "webhook_url"),
        ({"webhook_url": f"ftp://discord.com/{SECRET}"}, "webhook_url"),
        ({"webhook_url": f"https://me:{SECRET}@discord.com/"}, "webhook_url"),
        ({"webhook_url": f"https://[bad/{SECRET}"}, "webhook_url"),
        ({"webhook_url": f"https://discord.com/ {SECRET}"}, "webhook_url"),
        ({"notification_type": "failed"}, "'Failed'"),
        ({"notification_type": {"Failed", "Done"}}, "'Done' is none of"),
        ({"notification_type": ()}, "notification_type"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "1"}, "timeout"),
        ({"retry_for": 0}, "retry_for"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], named: str) -> None:
    """A bad argument is refused at once, by name, without showing the address."""
    given = {"webhook_url": URL, **arguments}
    with pytest.raises(DotflowError) as caught:
        NotifyDiscord(**given)
    assert isinstance(caught.value, ValueError)
    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


def test_nothing_shows_the_address() -> None:
    """Neither `repr` nor `str` shows the address, nor does a copy's."""
    notify = NotifyDiscord(URL)
    for one in (notify, pickle.loads(pickle.dumps(notify))):
        assert SECRET not in repr(one) + str(one)


def test_light_import() -> None:
    """Importing the package and making a notifier loads no HTTP client."""
    program = "import dotflow_discord as d; d.NotifyDiscord('https://example.org/x')"
    heavy = {"http.client", "asyncio", "urllib.request", "ssl"}
    assert heavy & imported_by(program) == set()
