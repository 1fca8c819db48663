"""`Endpoint`: one attempt to tell a remote API something, and what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin, urlsplit

from dotflow.delivery.http import UrllibRequest
from dotflow.delivery.sender import Refused, Sender, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dotflow.delivery.message import Call, Message

_MOST_REDIRECTS = 3
_TOO_MANY = 429
_RETRIED = frozenset({408, 425, _TOO_MANY})
_CONFLICT = 409


class Endpoint(Sender):
    """An API at an address.

    Args:
        base_url: What every path is appended to.
        headers: Sent with every request, to that host alone.
        timeout: Seconds that connecting, and the answer, may take.
        heard: Is given the status and the headers of each answer, their names in
            lower case.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        timeout: float,
        heard: Callable[[int, Mapping[str, str]], None] | None = None,
    ) -> None:
        self._base_url = base_url
        self._heard = heard
        self._headers = {"Content-Type": "application/json", **headers}
        self._timeout = timeout
        self._http = UrllibRequest()

    def send(self, message: Message) -> None:
        """Send a `Call`, following redirects on the same host; see `Sender.send`."""
        call = cast("Call", message)
        url, method, body = self._base_url + call.path, call.method, call.body()
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                status, headers = self._http.request(
                    method, url, body, self._headers, self._timeout
                )
            except OSError as error:
                raise Unreachable(reason(error)) from error
            if self._heard is not None:
                self._heard(status, headers)
            if status in _RETRIED or status >= 500:
                raise Unreachable(f"it answered {status}", retry_after(headers))
            target = headers.get("location") if 300 <= status < 400 else None
            if target is None or not same_host(url, urljoin(url, target)):
                break  # the token is for this host alone
            url = urljoin(url, target)
        # A conflict on creation says that it is there already, e.g. on resume.
        known = status == _CONFLICT and method == "POST"
        if not (200 <= status < 300 or known):
            text = f"The server answered {status} to {call.label}: {explain(status)}."
            raise Refused(text, status)

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
    try:
        # Some services give fractions of a second.
        return max(0.0, float(text)) if text[:1].isdigit() else _until(text)
    except (TypeError, ValueError, OverflowError):
        return 0.0  # a header that says nothing is as good as none


def check_asked_again(
    status: int, headers: Mapping[str, str], wait: float = 0.0
) -> None:
    """Refuse an answer that asks to try again later.

    Args:
        status: The answer's.
        headers: Its headers, with names in lower case.
        wait: How many seconds it asks for in a way of its own, where there were too
            many requests.

    Raises:
        Unreachable: It does.
    """
    asked = retry_after(headers)
    if status == _TOO_MANY:
        asked = max(asked, wait)
        raise Unreachable(f"it asks to wait {asked:g} s", asked)
    if status >= 500:
        raise Unreachable(f"it answered {status}", asked)


def _until(date: str) -> float:
    from email.utils import parsedate_to_datetime

    return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())


def reason(error: OSError) -> str:
    """Return what went wrong with a request, one clause.

    Args:
        error: What `UrllibRequest.request` has raised.
    """
    cause = getattr(error, "reason", None)
    return str(cause if isinstance(cause, Exception) else error) or type(error).__name__


def explain(status: int) -> str:
    """Return what a status of refusal means, and what to do, one clause.

    Args:
        status: The status of the answer.
    """
    if 300 <= status < 400:
        return "a redirect that is not followed; set base_url to where it leads"
    if status in (401, 403):
        return "the token was refused; see SERVER_USER_TOKEN, or dotflow login"
    if status in (404, 405):
        return (
            "nothing takes reports at base_url; that of dotflow server ends in /api/v1"
        )
    return "the report was refused"
