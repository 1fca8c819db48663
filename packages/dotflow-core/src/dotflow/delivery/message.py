"""`Message`: what waits to be sent."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Message:
    """One message to a remote service.

    Args:
        payload: What the sender sends. It must not change any more.
        subject: The task whose state it reports; None for any other message. A later
            message of the same subject makes it obsolete.
        label: What a warning calls it.
        weight: About how many characters of text it holds.
    """

    __slots__ = ("label", "payload", "subject", "weight")

    def __init__(
        self,
        payload: Any,
        subject: str | None = None,
        *,
        label: str = "a message",
        weight: int = 0,
    ) -> None:
        self.payload = payload
        self.subject = subject
        self.label = label
        self.weight = weight


class Call(Message):
    """A message to an HTTP API.

    Args:
        method: The HTTP method.
        path: The address below the base address.
        payload: The body, before it is encoded.
        subject: As of `Message`.
    """

    __slots__ = ("_body", "method", "path")

    def __init__(
        self,
        method: str,
        path: str,
        payload: dict[str, Any],
        subject: str | None = None,
    ) -> None:
        super().__init__(
            payload, subject, label=f"{method} {path}", weight=_weight(payload)
        )
        self.method = method
        self.path = path
        self._body: bytes | None = None

    def body(self) -> bytes:
        """Return the payload as JSON."""
        # Encoded by whoever sends, not by the run; once, however often it is tried.
        if self._body is None:
            self._body = json.dumps(self.payload, default=str).encode()
        return self._body


def _weight(payload: dict[str, Any]) -> int:
    """Return about how much text a payload holds, without walking all of it."""
    weight = 0
    for value in payload.values():
        if type(value) is str:
            weight += len(value)
        elif type(value) is dict:
            weight += sum(len(item) for item in value.values() if type(item) is str)
    return weight
