"""Delivery to a local Bot API server that takes, refuses, limits and fails."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from dotflow.testing import MessageDeliveryContract
from dotflow.testing.endpoint import Answer, recording_endpoint
from dotflow.testing.message_delivery import tell
from dotflow_telegram import NotifyTelegram

if TYPE_CHECKING:
    import pytest

    from dotflow.testing.endpoint import Request

TOKEN = "123456:token-that_nobody-may-see"
SENT = {
    "message_id": 1,
    "date": 1700000000,
    "chat": {"id": 42, "type": "private"},
    "text": "sent",
}
TAKEN = Answer(200, {"ok": True, "result": SENT})


def error(status: int, description: str, **parameters: int) -> Answer:
    """Answer as the Bot API does to a request that it has not taken."""
    body: dict[str, Any] = {
        "ok": False,
        "error_code": status,
        "description": description,
    }
    if parameters:
        body["parameters"] = parameters
    return Answer(status, body)


def fields(request: Request) -> dict[str, str]:
    """Return what the bot has sent: its library sends forms."""
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


class TestDelivery(MessageDeliveryContract):
    service = "Telegram"
    secrets = (TOKEN,)
    taken = TAKEN
    refusals = (
        error(400, "Bad Request: can't parse entities: Unsupported start tag"),
        error(400, "Bad Request: chat not found"),
        error(401, "Unauthorized"),
        error(403, "Forbidden: bot was blocked by the user"),
        error(404, "Not Found"),
    )
    passing = (
        error(500, "Internal"),
        Answer(502, "<html>Bad Gateway</html>"),
        Answer(200, "no JSON at all"),
    )
    program = f"""
import sys
from dotflow_telegram import NotifyTelegram
from dotflow.testing.tasks import FakeTask
url = sys.argv[1].replace("127.0.0.1", "localhost")
notify = NotifyTelegram("{TOKEN}", 42, timeout=float(sys.argv[2]), base_url=url)
notify.hook_status_task(FakeTask("Completed"))
"""

    def make_notify(self, url: str, *args: Any, **kwargs: Any) -> NotifyTelegram:
        return NotifyTelegram(TOKEN, 42, *args, base_url=url, **kwargs)

    def status_of(self, request: Request) -> str:
        return fields(request)["text"].split(" — ")[0].split(" ", 1)[1]

    def limited(self, seconds: int) -> Answer:
        return error(
            429, f"Too Many Requests: retry after {seconds}", retry_after=seconds
        )


def test_a_request(caplog: pytest.LogCaptureFixture) -> None:
    """A message goes to the chat, and no log holds the token."""
    caplog.set_level(logging.DEBUG)
    with recording_endpoint() as api:
        api.answer = lambda _request: TAKEN
        notify = NotifyTelegram(TOKEN, 42, base_url=api.url)
        tell(notify, "Completed")
        (request,) = api.requests
        notify.close()
    assert request.path == f"/bot{TOKEN}/sendMessage"
    sent = fields(request)
    assert (sent["chat_id"], sent["parse_mode"]) == ("42", "HTML")
    assert '"is_disabled": true' in sent["link_preview_options"]
    assert TOKEN not in caplog.text
