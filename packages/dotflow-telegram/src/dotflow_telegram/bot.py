"""`BotSender`: python-telegram-bot, run from a thread that delivers.

Importing this module loads `telegram`; only that thread does.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from typing import TYPE_CHECKING, Any

from telegram import Bot, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    TelegramError,
)
from telegram.request import HTTPXRequest

from dotflow.delivery.sender import Refused, Sender, Unreachable

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from dotflow.delivery.message import Message

_NO_USE = (BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken)
_HIDDEN = "…"
_TOO_MANY = 429
# The loggers that write addresses.
_TALKATIVE = ("httpx", "telegram.Bot")


class BotSender(Sender):
    """A bot and the event loop it lives in.

    Args:
        token: The bot's token.
        chat_id: The chat to write to.
        timeout: Seconds that each step of a request may take.
        base_url: The address of the Bot API server.
    """

    def __init__(
        self, token: str, chat_id: int | str, timeout: float, base_url: str
    ) -> None:
        _no_token.tokens.add(token)
        for name in _TALKATIVE:
            logging.getLogger(name).addFilter(_no_token)
        self._token = token
        self._chat_id = chat_id
        self._timeout = timeout
        self._aborted = False
        self._attempt: asyncio.Task[None] | None = None
        self._loop = _Loop()
        self._request = _Request(
            connection_pool_size=1,
            connect_timeout=timeout,
            read_timeout=timeout,
            write_timeout=timeout,
            pool_timeout=timeout,
        )
        # `Bot.initialize` would ask the API who the bot is, which nobody here needs.
        self._bot = Bot(
            token,
            base_url=f"{base_url}/bot",
            request=self._request,
            get_updates_request=self._request,
        )

    def send(self, message: Message) -> None:
        """Send a text once.

        Args:
            message: Its payload is the text.

        Raises:
            Unreachable: There was no answer, or one that asks to try again.
            Refused: The API has not taken the text.
        """
        try:
            self._run(self._send(message.payload))
        except _Limited as error:
            problem = f"it asks to wait {error.seconds:g} s"
            raise Unreachable(problem, error.seconds) from None
        except _NO_USE as error:
            what = type(error).__name__
            text = f"Telegram refused a message: {what}: {self._hide(error)}."
            raise Refused(text, what) from None
        except TelegramError as error:
            raise Unreachable(self._hide(error)) from None
        except asyncio.CancelledError:
            raise Unreachable("the notifier is closed") from None

    def abort(self) -> None:
        """End, from another thread, an attempt that is waiting, and refuse others."""
        self._aborted = True
        attempt = self._attempt
        if attempt is not None:
            try:
                self._loop.call_soon_threadsafe(attempt.cancel)
            except RuntimeError:
                pass  # the loop is closed: the attempt has ended by itself

    def close(self) -> None:
        """Close the connection and the event loop."""
        try:
            closing = asyncio.wait_for(self._request.shutdown(), self._timeout)
            self._loop.run_until_complete(closing)
        finally:
            self._loop.close()

    def _run(self, attempt: Coroutine[Any, Any, None]) -> None:
        self._attempt = self._loop.create_task(attempt)
        if self._aborted:
            self._attempt.cancel()
        try:
            self._loop.run_until_complete(self._attempt)
        finally:
            self._attempt = None

    async def _send(self, text: str) -> None:
        await self._bot.send_message(
            self._chat_id,
            text,
            parse_mode=ParseMode.HTML,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    def _hide(self, error: Exception) -> str:
        """Return an error's text without the token, which the library may quote."""
        text = str(error).replace(self._token, _HIDDEN).rstrip(".")
        return text[:300] or type(error).__name__


class _Loop(asyncio.SelectorEventLoop):
    """A loop that looks up host names in its own thread.

    asyncio would use a pool of threads, for which the exit of the program waits without
    a limit and after which nothing can be looked up any more.
    """

    async def getaddrinfo(self, host: Any, port: Any, **kwargs: Any) -> Any:
        return socket.getaddrinfo(host, port, **kwargs)


class _Limited(TelegramError):
    """The API has asked to be left alone for a while.

    The library's own `RetryAfter` comes with a warning, which may count as an error,
    about the type that its seconds will have one day.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__("too many requests")
        self.seconds = seconds


class _Request(HTTPXRequest):
    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """Make a request; raise `_Limited` if there were too many."""
        status, payload = await super().do_request(*args, **kwargs)
        if status == _TOO_MANY:
            parameters = self.parse_json_payload(payload).get("parameters") or {}
            raise _Limited(float(parameters.get("retry_after", 1)))
        return status, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """Parse an answer; unlike the base class, log nothing if it is no JSON."""
        try:
            return json.loads(payload)
        except ValueError:
            raise TelegramError("its answer is not that of a Bot API") from None


class _NoToken(logging.Filter):
    """Takes tokens out of what libraries log: each address of the Bot API holds one."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if any(token in text for token in self.tokens):
            for token in self.tokens:
                text = text.replace(token, _HIDDEN)
            record.msg, record.args = text, None
        return True


_no_token = _NoToken()
