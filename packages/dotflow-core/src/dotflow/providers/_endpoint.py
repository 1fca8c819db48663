"""`Endpoint`: one attempt to tell a remote API something, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from dotflow.providers._http import UrllibRequest

_MOST_REDIRECTS = 3
_RETRIED = frozenset({408, 425, 429})
_CONFLICT = 409


class Unreachable(Exception):
    """Nothing came of an attempt, and another one may do better.

    Args:
        problem: What went wrong, one clause.
        wait: The least seconds to wait, as the API asked for.
    """

    def __init__(self, problem: str, wait: float = 0.0) -> None:
        super().__init__(problem)
        self.wait = wait


class Refused(Exception):
    """The API answered that it will not take this message.

    Args:
        status: The status code.
        what: The message's method and path.
    """

    def __init__(self, status: int, what: str) -> None:
        super().__init__(f"The server answered {status} to {what}: {_explain(status)}.")
        self.status = status


class Endpoint:
    """An API at an address.

    Args:
        base_url: What every path is appended to.
        headers: Sent with every request, to that host alone.
        timeout: Seconds that connecting, and each wait for data, may take.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str], timeout: float
    ) -> None:
        self._base_url = base_url
        self._headers = {"Content-Type": "application/json", **headers}
        self._timeout = timeout
        self._http = UrllibRequest()

    def send(self, method: str, path: str, body: bytes) -> None:
        """Send a message once, following redirects on the same host.

        Args:
            method: The HTTP method.
            path: The address below the base address.
            body: JSON.

        Raises:
            Unreachable: There was no answer, or one that asks to try again.
            Refused: There was any other answer than success.
        """
        url = self._base_url + path
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                status, headers = self._http.request(
                    method, url, body, self._headers, self._timeout
                )
            except OSError as error:
                raise Unreachable(_reason(error)) from error
            if status in _RETRIED or status >= 500:
                raise Unreachable(f"it answered {status}", retry_after(headers))
            target = headers.get("location") if 300 <= status < 400 else None
            if target is None or not same_host(url, urljoin(url, target)):
                break  # the token is for this host alone
            url = urljoin(url, target)
        # A conflict on creation says that it is there already, e.g. on resume.
        known = status == _CONFLICT and method == "POST"
        if not (200 <= status < 300 or known):
            raise Refused(status, f"{method} {path}")

    def abort(self) -> None:
        """End, from another thread, an attempt that is waiting, and refuse others."""
        self._http.abort()


def same_host(url: str, target: str) -> bool:
    """Tell whether a redirect stays where the token may go: never to plain HTTP.

    Args:
        url: The address that was asked.
        target: Where its answer leads.
    """
    here, there = urlsplit(url), urlsplit(target)
    if here.scheme == "http" and there.scheme == "https":
        return here.hostname == there.hostname
    return (here.scheme, here.netloc) == (there.scheme, there.netloc)


def retry_after(headers: Mapping[str, str]) -> float:
    """Return the seconds of a `Retry-After`, given as a number or as a date.

    Args:
        headers: The answer's headers, with names in lower case.
    """
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0  # a header that says nothing is as good as none


def _reason(error: OSError) -> str:
    cause = getattr(error, "reason", None)
    return str(cause if isinstance(cause, Exception) else error) or type(error).__name__


def _explain(status: int) -> str:
    if 300 <= status < 400:
        return "a redirect that is not followed; set base_url to where it leads"
    if status in (401, 403):
        return "the token was refused"
    return "the report was refused"
