"""`TCPClient` and `TCPServer`: the two ends of a connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any


class TCPClient(ABC):
    """The base of what sends to a TCP server.

    Args:
        url: The address, as `"tcp://127.0.0.1:5555"`.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @abstractmethod
    def sender(self, content: dict[str, Any]) -> None:
        """Send a message.

        Args:
            content: What to send.
        """


class TCPServer(ABC):
    """The base of what receives over TCP.

    Args:
        url: The address to listen on.
        handler: Called with what arrives.
    """

    def __init__(self, url: str, handler: Callable[..., Any]) -> None:
        self.url = url
        self.handler = handler

    @abstractmethod
    async def receiver(self) -> None:
        """Receive a message, and call the handler with it."""

    @abstractmethod
    async def run(self) -> None:
        """Receive until the end."""
