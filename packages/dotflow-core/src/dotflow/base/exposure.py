"""Whether what is sent to an address can be read on the way."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

ADVICE = (
    "a secret would travel unencrypted: use https://, or say allow_http=True where the"
    " network is yours alone"
)


def is_exposed(url: str) -> bool:
    """Tell whether an address is plain HTTP to another machine.

    Args:
        url: A well-formed address.
    """
    return urlsplit(url).scheme == "http" and not is_loopback(url)


def is_loopback(url: str) -> bool:
    """Tell whether an address leads to this machine.

    Args:
        url: A well-formed address.
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
