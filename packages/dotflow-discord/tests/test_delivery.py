"""Delivery to a local webhook that takes, refuses, limits and fails."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dotflow.testing import MessageDeliveryContract
from dotflow.testing.endpoint import Answer, recording_endpoint
from dotflow.testing.message_delivery import tell
from dotflow_discord import NotifyDiscord

if TYPE_CHECKING:
    from dotflow.testing.endpoint import Request

SECRET = "webhook-token_that-nobody-may-see"
TAKEN = Answer(200, {"id": "1"})


def make_notify(url: str, *args: Any, **kwargs: Any) -> NotifyDiscord:
    return NotifyDiscord(f"{url}/api/webhooks/1/{SECRET}", *args, **kwargs)


class TestDelivery(MessageDeliveryContract):
    service = "Discord"
    secrets = (SECRET,)
    taken = TAKEN
    refusals = tuple(
        Answer(status, {"message": "no", "code": 1}, {"Location": "/"})
        for status in (301, 400, 401, 404)
    )
    program = f"""
import sys
from dotflow_discord import NotifyDiscord
from dotflow.testing.tasks import FakeTask
url = sys.argv[1] + "/api/webhooks/1/{SECRET}"
notify = NotifyDiscord(url, timeout=float(sys.argv[2]))
notify.hook_status_task(FakeTask("Completed"))
"""

    def make_notify(self, url: str, *args: Any, **kwargs: Any) -> NotifyDiscord:
        return make_notify(url, *args, **kwargs)

    def status_of(self, request: Request) -> str:
        title: str = request.json()["embeds"][0]["title"]
        return title.split(" ", 1)[1]

    def limited(self, seconds: int) -> Answer:
        return Answer(
            429,
            {"message": "You are being rate limited.", "retry_after": 0.6},
            {"Retry-After": str(seconds), "X-RateLimit-Reset-After": "0.6"},
        )


def test_a_request() -> None:
    """A message is JSON, sent to the webhook in Discord's own manner."""
    with recording_endpoint() as api:
        notify = make_notify(api.url)
        tell(notify, "Completed")
        (request,) = api.requests
        notify.close()
    assert (request.method, request.path) == (
        "POST",
        f"/api/webhooks/1/{SECRET}?wait=true",
    )
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("DiscordBot (")


def test_a_thread() -> None:
    """What the address asks for, such as a thread of the channel, is kept."""
    with recording_endpoint() as api:
        notify = NotifyDiscord(f"{api.url}/api/webhooks/1/x?thread_id=7")
        tell(notify, "Completed")
        notify.close()
    assert api.requests[0].path == "/api/webhooks/1/x?wait=true&thread_id=7"


def test_the_limit_is_kept() -> None:
    """Once the last request of a window is used up, the next one waits for another."""
    times: list[float] = []
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "0.5"}

    def answer(_request: Request) -> Answer:
        times.append(time.monotonic())
        return TAKEN._replace(headers=headers)

    with recording_endpoint() as api:
        api.answer = answer
        notify = make_notify(api.url)
        tell(notify, "In progress", "Completed")
        notify.close()
    assert times[1] - times[0] >= 0.5
