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
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine is reached by a name or an address.

    Args:
        host: As it stands in a URL, or is listened on.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
