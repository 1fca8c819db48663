"""`HTTPRequest`: one request to an HTTP server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping


class HTTPRequest(ABC):
    """The base of what sends HTTP requests.

    Args:
        url: Kept from dotflow 1.x: an address, for a subclass that has one only.
        context: Kept from dotflow 1.x: whatever the subclass calls.

    Attributes:
        url: That address.
        context: What was given.
    """

    def __init__(
        self, url: str = "", context: Callable[..., object] | None = None
    ) -> None:
        self.url = url
        self.context = context

    @abstractmethod
    def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 5.0,
    ) -> tuple[int, Mapping[str, str]]:
        """Send a request and wait for the answer.

        Args:
            method: `"GET"`, `"POST"`, …
            url: The whole address.
            body: What to send, or None.
            headers: The request's headers.
            timeout: Seconds that connecting may take, and then the answer.

        Returns:
            The answer's status code, of whatever kind, and its headers, their names in
            lower case.

        Raises:
            OSError: No answer came.
        """
