"""`WebhookSender`: one attempt to execute a Discord webhook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from dotflow.delivery.endpoint import check_asked_again, reason
from dotflow.delivery.http import UrllibRequest
from dotflow.delivery.sender import Refused, Sender, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotflow.delivery.message import Message

_WHY = {
    401: "the webhook's token is wrong",
    404: "there is no such webhook",
}


class WebhookSender(Sender):
    """Executes a webhook through the standard library's HTTP client.

    Args:
        url: The webhook's address; what it asks for, as `?thread_id=…`, is kept.
        timeout: Seconds that connecting, and each wait for data, may take.
    """

    def __init__(self, url: str, timeout: float) -> None:
        parts = urlsplit(url)
        # Only then does Discord say whether it has taken the message.
        query = {"wait": "true", **dict(parse_qsl(parts.query))}
        self._url = urlunsplit(parts._replace(query=urlencode(query), fragment=""))
        self._timeout = timeout
        self._http = UrllibRequest()
        # Discord turns away clients without a name of their own.
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": "DiscordBot (https://pypi.org/project/dotflow/, 2)",
        }

    def send(self, message: Message) -> float:
        """Execute the webhook once.

        Args:
            message: Its payload is the body.

        Returns:
            The seconds until the next request, where the limit of them is reached.

        Raises:
            Unreachable: There was no answer, or one that asks to try again.
            Refused: Discord has not taken the message.
        """
        body = json.dumps(message.payload).encode()
        try:
            status, headers = self._http.request(
                "POST", self._url, body, self._headers, self._timeout
            )
        except OSError as error:
            raise Unreachable(reason(error)) from None
        check_asked_again(status, headers, _reset_after(headers))
        if not 200 <= status < 300:
            why = f": {_WHY[status]}" if status in _WHY else ""
            raise Refused(f"Discord refused a message with {status}{why}.", status)
        used_up = headers.get("x-ratelimit-remaining") == "0"
        return _reset_after(headers) if used_up else 0.0

    def abort(self) -> None:
        """End, from another thread, an attempt that is waiting, and refuse others."""
        self._http.abort()


def _reset_after(headers: Mapping[str, str]) -> float:
    """Return the seconds until requests are allowed again."""
    try:
        return max(0.0, float(headers.get("x-ratelimit-reset-after", 0)))
    except ValueError:
        return 0.0
