"""`NotifyDiscord`: a Discord message at each change of a task's status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dotflow.base.exposure import ADVICE, is_exposed
from dotflow.base.masking import keep_secret
from dotflow.delivery.notify import NotifyInBackground
from dotflow_discord.message import compose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotflow.delivery.sender import Sender


class NotifyDiscord(NotifyInBackground):
    """Writes to a channel through its webhook, in the background.

    Args:
        webhook_url: The webhook's address, from the settings of the channel. Whoever
            knows it can write there: it is shown nowhere.
        notification_type: The status to tell of, or several of them; None for all.
        show_result: Whether a message holds what the task has returned, as JSON.
        timeout: Seconds that connecting, and each wait for an answer, may take.
        retry_for: Seconds for which a message is tried again while Discord cannot be
            reached or asks to wait.
        allow_http: Whether the secret in the address may travel unencrypted, to another
            machine by `http://`.

    Raises:
        ProviderError: An argument is out of range or malformed.

    Example:
        ```python
        Config(notify=NotifyDiscord(os.environ["DISCORD_WEBHOOK"], "Failed"))
        ```
    """

    target = "Discord"

    def __init__(
        self,
        webhook_url: str,
        notification_type: str | Iterable[str] | None = None,
        show_result: bool = False,
        timeout: float = 1.5,
        *,
        retry_for: float = 60.0,
        allow_http: bool = False,
    ) -> None:
        super().__init__(notification_type, show_result, timeout, retry_for=retry_for)
        self._url = self._check_url(webhook_url, allow_http)
        token = urlsplit(self._url).path.rpartition("/")[2]
        keep_secret(self._url, token, whole=True)

    def compose(self, task: Any) -> dict[str, Any]:
        """Return the body of a request.

        Args:
            task: The `Task`.
        """
        return compose(task, self.show_result)

    def open_sender(self) -> Sender:
        """Return a client of the webhook."""
        from dotflow_discord.webhook import WebhookSender

        return WebhookSender(self._url, self._timeout)

    def _check_url(self, url: object, allow_http: bool) -> str:
        text = url.strip() if isinstance(url, str) else ""
        try:
            parts = urlsplit(text)
            fine = parts.scheme in ("http", "https") and parts.port != 0
            fine = fine and bool(parts.hostname) and "@" not in parts.netloc
        except ValueError:
            fine = False
        if fine and text.isascii() and text.isprintable() and " " not in text:
            if is_exposed(text) and not allow_http:
                raise self._error("webhook_url=…", ADVICE)
            return text
        # The text itself is kept out of the message.
        raise self._error(
            "webhook_url=…",
            "give the address that Discord shows for the webhook,"
            " https://discord.com/api/webhooks/…",
        )
