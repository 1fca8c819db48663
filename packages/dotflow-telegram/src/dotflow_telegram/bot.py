"""`BotSender`: one attempt to send a message through the Bot API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dotflow.delivery.endpoint import check_asked_again, reason
from dotflow.delivery.http import UrllibRequest
from dotflow.delivery.sender import Refused, Sender, Unreachable

if TYPE_CHECKING:
    from dotflow.delivery.message import Message

_HIDDEN = "…"
_LONGEST = 65_536  # bytes of an answer; that to a message has some hundreds
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class BotSender(Sender):
    """A bot, spoken through with the standard library's HTTP client.

    Args:
        token: The bot's token.
        chat_id: The chat to write to.
        timeout: Seconds that connecting, and the answer, may take.
        base_url: The address of the Bot API server.
    """

    def __init__(
        self, token: str, chat_id: int | str, timeout: float, base_url: str
    ) -> None:
        self._token = token
        self._url = f"{base_url}/bot{token}/sendMessage"
        self._chat_id = chat_id
        self._timeout = timeout
        self._http = UrllibRequest()

    def send(self, message: Message) -> None:
        """Send a text once.

        Args:
            message: Its payload is the text.

        Raises:
            Unreachable: There was no answer, or one that asks to try again.
            Refused: The API has not taken the text.
        """
        fields = {
            "chat_id": self._chat_id,
            "text": message.payload,
            "parse_mode": "HTML",
            "link_preview_options": '{"is_disabled": true}',
        }
        try:
            status, headers, body = self._http.ask(
                "POST",
                self._url,
                urlencode(fields).encode(),
                _FORM,
                self._timeout,
                _LONGEST,
            )
        except OSError as error:
            raise Unreachable(self._hide(reason(error))) from None
        answer = _parse(body)
        check_asked_again(status, headers, _asked_wait(answer))
        if not 200 <= status < 300:
            text = self._hide(str(answer.get("description") or "it gives no reason"))
            raise Refused(f"Telegram refused a message with {status}: {text}.", status)
        if answer.get("ok") is not True:
            raise Unreachable("its answer is not that of a Bot API")

    def abort(self) -> None:
        """End, from another thread, an attempt that is waiting, and refuse others."""
        self._http.abort()

    def _hide(self, text: str) -> str:
        """Return a text without the token: each address of the Bot API holds one."""
        return text.replace(self._token, _HIDDEN).rstrip(".")[:300]


def _parse(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _asked_wait(answer: dict[str, Any]) -> float:
    parameters = answer.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(wait) if isinstance(wait, (int, float)) and wait >= 0 else 1.0
