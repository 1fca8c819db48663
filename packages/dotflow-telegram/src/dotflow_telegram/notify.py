"""`NotifyTelegram`: a Telegram message at each change of a task's status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dotflow.base.exposure import ADVICE, is_exposed
from dotflow.base.masking import keep_secret
from dotflow.delivery.notify import NotifyInBackground
from dotflow_telegram.message import compose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotflow.delivery.sender import Sender

API = "https://api.telegram.org"


class NotifyTelegram(NotifyInBackground):
    """Sends a message from a bot to a chat, in the background.

    Args:
        token: The bot's token, as @BotFather gives it.
        chat_id: The chat: a number, or the `"@name"` of a public channel.
        notification_type: The status to tell of, or several of them; None for all.
        show_result: Whether a message holds what the task has returned, as JSON.
        timeout: Seconds that connecting, and each wait for an answer, may take.
        retry_for: Seconds for which a message is tried again while Telegram cannot be
            reached or asks to wait.
        base_url: The address of another Bot API server than Telegram's own.
        allow_http: Whether the token may travel unencrypted, to another machine by
            `http://`.

    Raises:
        ProviderError: An argument is out of range or malformed.

    Example:
        ```python
        Config(notify=NotifyTelegram(token=os.environ["TELEGRAM_TOKEN"], chat_id=42))
        ```
    """

    target = "Telegram"

    def __init__(
        self,
        token: str,
        chat_id: int | str,
        notification_type: str | Iterable[str] | None = None,
        show_result: bool = False,
        timeout: float = 1.5,
        *,
        retry_for: float = 60.0,
        base_url: str = API,
        allow_http: bool = False,
    ) -> None:
        super().__init__(notification_type, show_result, timeout, retry_for=retry_for)
        self._token = self._check_token(token)
        keep_secret(self._token, whole=True)
        self.chat_id = self._check_chat(chat_id)
        self._base_url = self._check_url(base_url, allow_http)

    def compose(self, task: Any) -> str:
        """Return the text of a message, as HTML.

        Args:
            task: The `Task`.
        """
        return compose(task, self.show_result)

    def open_sender(self) -> Sender:
        """Return a bot."""
        from dotflow_telegram.bot import BotSender

        return BotSender(self._token, self.chat_id, self._timeout, self._base_url)

    def _check_token(self, token: object) -> str:
        # The text itself is kept out of the message.
        text = token.strip() if isinstance(token, str) else ""
        allowed = text.isascii() and text.isprintable() and not set(text) & set(" /?#")
        if text and allowed:
            return text
        raise self._error("token=…", "give the text that @BotFather gave for the bot")

    def _check_chat(self, chat_id: object) -> int | str:
        number = isinstance(chat_id, int) and not isinstance(chat_id, bool)
        if number or (isinstance(chat_id, str) and chat_id.strip()):
            return chat_id  # type: ignore[return-value]
        raise self._error(
            f"chat_id={chat_id!r}", "give the chat's number, or '@name' of a channel"
        )

    def _check_url(self, url: str, allow_http: bool) -> str:
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and parts.port != 0
            fine = fine and bool(parts.hostname) and not (parts.query or parts.fragment)
        except ValueError:
            fine = False
        if fine and url.isprintable() and " " not in url:
            if is_exposed(url) and not allow_http:
                raise self._error("base_url=…", ADVICE)
            return url.rstrip("/")
        raise self._error("base_url=…", f"give an address such as {API!r}")
