"""`Resumption`: open pages go on with the next process of `dotflow ui`, without a secret.

A cookie is good for one process alone: whoever listens on its port once it has ended, be it
another user, is sent it by each open page. So a page has a key as well, in its memory, and
proves to have it without ever sending it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotflow_server.administration import Proof

_KEY_BYTES = 32
_KEPT_SECONDS = 30 * 86400.0


class Resumption:
    """Gives pages their keys, and tells whether a page has one.

    Args:
        key: What the keys are made from: that of the process before, or a new one.
        port: Where this process really listens. A page at another port may be shown by
            somebody else, who passes on what it is asked here.

    Attributes:
        challenge: What a page proves its key with; another in each process.
    """

    def __init__(self, key: bytes, port: int) -> None:
        self._key = key
        self._port = port
        self.challenge = secrets.token_hex(_KEY_BYTES)

    def key(self, until: int) -> str:
        """Return the key of a page.

        Args:
            until: When its session ends, in seconds since the epoch.
        """
        return _mac(self._key, f"{self._port} {until}")

    def accepts(self, proof: Proof) -> bool:
        """Say whether a page has its key still, and time left."""
        mac = _mac(self.key(proof.until).encode(), self.challenge)
        same = hmac.compare_digest(mac.encode(), proof.mac.encode())
        return same and proof.until > time.time()


def kept_key(store: str) -> bytes:
    """Return what this user's processes make keys from for a store, for a month the same.

    Args:
        store: Its address, of which the file tells nothing.

    Raises:
        OSError: There is none, and none can be written.
    """
    name = hashlib.sha256(store.encode()).hexdigest()[:32]
    path = Path.home() / ".dotflow" / "pages" / name
    key = _read(path)
    if key is None:
        from dotflow.base.private import write_own

        key = secrets.token_bytes(_KEY_BYTES)
        write_own(path, key)
    return key


def _read(path: Path) -> bytes | None:
    """Return a key that is young, and that nobody else has read or written."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        about, key = os.fstat(descriptor), file.read(_KEY_BYTES + 1)
    own = os.name != "posix" or (
        about.st_uid == os.geteuid() and not about.st_mode & 0o077
    )
    young = 0 <= time.time() - about.st_mtime < _KEPT_SECONDS
    return key if own and young and len(key) == _KEY_BYTES else None


def _mac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
