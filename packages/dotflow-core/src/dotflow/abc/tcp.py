"""`TCPClient` and `TCPServer`: the two ends of a connection."""

from __future__ import annotations

from abc import ABC, abstractmethod


class TCPClient(ABC):
    """The base of what connects to a TCP server."""

    @abstractmethod
    def connect(self, host: str, port: int) -> None:
        """Open the connection.

        Args:
            host: The server's name or address.
            port: Its port.

        Raises:
            OSError: The server cannot be reached.
        """

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Send all of `data`.

        Args:
            data: The bytes to send.
        """

    @abstractmethod
    def receive(self, size: int = 65536) -> bytes:
        """Return what has arrived, `b""` once the other end has closed.

        Args:
            size: The most bytes to return.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection; closing twice does no harm."""


class TCPServer(ABC):
    """The base of what accepts TCP connections."""

    @abstractmethod
    def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Begin to accept connections.

        Args:
            host: The address to listen on. Default: this machine alone.
            port: The port; 0 takes a free one.

        Returns:
            The port in use.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop listening and close every connection; stopping twice does no harm."""
