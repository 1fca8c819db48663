"""Signing in from a terminal: a code that is confirmed in a browser."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import click

from dotflow.base.exposure import is_exposed
from dotflow.base.masking import raw_password

_TIMEOUT = 15.0
# By so many seconds a client slows down when it is told to: RFC 8628.
_SLOWER = 5.0
# Whatever the server says: no storm of requests, and no user who waits for an hour.
_SLOWEST = 60.0
_QUICKEST = 0.05
# Bytes; an answer without end must not fill the memory.
_LARGEST = 1_000_000


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow none: a token must come from whom it was asked of."""


@dataclass(frozen=True)
class Device:
    """What the server answered to a request to sign in.

    Args:
        verification_uri: Where the user confirms.
        user_code: What the user has to see there.
        device_code: What the token is asked for with; a secret.
        interval: Seconds between two questions.
        expires_in: Seconds until it is too late.
    """

    verification_uri: str
    user_code: str
    device_code: str
    interval: float
    expires_in: float


def check_address(base_url: str) -> str:
    """Return the address of an API, without its last slash.

    Raises:
        UsageError: It is none.
    """
    try:
        parts = urlsplit(base_url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
        good = good and "@" not in parts.netloc and parts.port != 0
        good = good and raw_password(base_url) is None
    except ValueError:
        good = False
    if (
        not good
        or not base_url.isascii()
        or not base_url.isprintable()
        or " " in base_url
    ):
        raise click.UsageError(
            "The address must be that of a web server, such as"
            " https://example.org/api/v1, without a user or a password."
        )
    if is_exposed(base_url) and os.environ.get("SERVER_ALLOW_HTTP", "") in ("", "0"):
        raise click.UsageError(
            "By http:// the token would travel unencrypted: use https://, or set"
            " SERVER_ALLOW_HTTP=1 where the network is yours alone."
        )
    return base_url.rstrip("/")


def begin(base_url: str) -> Device:
    """Ask the server for a code.

    Raises:
        ClickException: It cannot be reached, or answers something else.
    """
    status, answer = _post(f"{base_url}/cli/device", {})
    try:
        if status not in (200, 201):
            raise KeyError
        return Device(
            str(answer["verification_uri"]),
            str(answer["user_code"]),
            str(answer["device_code"]),
            float(answer.get("interval", 5)),
            float(answer.get("expires_in", 300)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise click.ClickException(
            f"{base_url} did not begin a sign-in (status {status})."
        ) from error


def wait_for_token(
    base_url: str, device: Device, pause: Callable[[float], None] = time.sleep
) -> str:
    """Ask until the user has confirmed, and return the token.

    Args:
        base_url: The address of the API.
        device: What `begin` gave.
        pause: Waits for so many seconds.

    Raises:
        ClickException: It was refused, or took too long.
    """
    interval = min(max(device.interval, _QUICKEST), _SLOWEST)
    deadline = time.monotonic() + device.expires_in
    while time.monotonic() < deadline:
        status, answer = _post(
            f"{base_url}/cli/token", {"device_code": device.device_code}
        )
        token = answer.get("api_token")
        if status == 200 and isinstance(token, str) and token:
            return token
        problem = answer.get("error") or answer.get("detail")
        # Gone: the code has expired there before the time that was told.
        if status == 410:
            break
        if problem == "slow_down":
            interval = min(interval + _SLOWER, _SLOWEST)
        elif problem != "authorization_pending":
            raise click.ClickException(f"The sign-in was refused (status {status}).")
        pause(interval)
    raise click.ClickException("The code has expired: run `dotflow login` again.")


def _post(url: str, values: dict[str, str]) -> tuple[int, dict[str, Any]]:
    request = Request(  # noqa: S310 - `check_address` allows http and https only
        url,
        json.dumps(values).encode(),
        {"Content-Type": "application/json", "Accept": "application/json"},
        method="POST",
    )
    try:
        with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT) as response:
            return response.status, _object(response.read(_LARGEST))
    except HTTPError as error:
        with error:
            return error.code, _object(error.read(_LARGEST))
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise click.ClickException(
            f"{urlsplit(url).netloc} cannot be reached: {reason}."
        ) from error


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
