"""`HTTPRequest`: one request to an HTTP server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping


class HTTPRequest(ABC):
    """The base of what sends HTTP requests."""

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
            timeout: Seconds that connecting, and each wait for data, may take.

        Returns:
            The answer's status code, of whatever kind, and its headers, their names in
            lower case.

        Raises:
            OSError: No answer came.
        """
