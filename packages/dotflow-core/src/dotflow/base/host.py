"""The name of this machine."""

from __future__ import annotations


def hostname() -> str:
    """Return the machine's name, or `"local"` where it has none."""
    import socket

    try:
        return socket.gethostname() or "local"
    except OSError:
        return "local"
