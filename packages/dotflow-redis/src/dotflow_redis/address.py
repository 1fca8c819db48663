"""`Address`: where the server is, and how to speak of it without its password."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from dotflow.base.masking import cause_of, is_ambiguous, keep_secret, mask
from dotflow.errors import ProviderError

DEFAULT_URL = "redis://localhost:6379/0"


class Address:
    """The place of a server, as an address or in parts.

    Args:
        url: The address; None where there are parts or an environment.
        host: The host's name.
        port: The port.
        db: The number of the database.
        username: Who logs in.
        password: With what.

    Raises:
        ProviderError: It is malformed, or given twice.
    """

    def __init__(
        self,
        url: str | None,
        host: str | None,
        port: int | None,
        db: int | None,
        username: str | None,
        password: str | None,
    ) -> None:
        parts = {
            "host": host,
            "port": port,
            "db": db,
            "username": username,
            "password": password,
        }
        given = {name: value for name, value in parts.items() if value is not None}
        if url is not None and {"host", "port"} & given.keys():
            raise ProviderError("StorageRedis: give either url= or host= and port=.")
        if url is None and host is None and port is None:
            url = os.environ.get("REDIS_URL") or DEFAULT_URL
        self.url = url
        self.parts: dict[str, Any] = given
        self._secrets = [password, url]
        self.has_password = bool(password)
        keep_secret(*self._secrets)
        self.place = f"{host or 'localhost'}:{port or 6379}/{db or 0}"
        if url is not None:
            self.place = self._read(url)

    def __str__(self) -> str:
        return self.place

    def __repr__(self) -> str:
        return f"Address({self.place!r})"

    def hide(self, text: str) -> str:
        """Return a text without the password.

        Args:
            text: What may hold it, such as an error's message.
        """
        return mask(text, *self._secrets)

    def cause(self, error: Exception) -> BaseException | None:
        """Return an error to chain; None where it quotes the password.

        Args:
            error: What redis-py has raised.
        """
        return cause_of(error, *self._secrets)

    def _read(self, url: str) -> str:
        try:
            found = urlsplit(url)
            if found.scheme not in ("redis", "rediss", "unix"):
                raise ValueError
            port = found.port or 6379
            if is_ambiguous(url, unquote(found.password or "")):
                raise ValueError
        except ValueError:
            # The reason would quote a part of it, perhaps of the password.
            raise ProviderError(
                "StorageRedis: url is no address of Redis. Write redis://host:6379/0, or"
                " rediss:// for TLS, and escape special characters, such as / in a"
                " password, as %XX."
            ) from None
        within = parse_qs(found.query).get("password", [])
        self._secrets += within
        self.has_password |= bool(found.password or within)
        if found.scheme == "unix":
            return found.path
        db = self.parts.get("db", found.path.strip("/") or 0)
        return f"{found.hostname or 'localhost'}:{port}/{db}"
