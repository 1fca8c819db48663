"""`Tokens`: who may talk to a server, known by the hash of what they say."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dotflow.errors import DotflowError
from dotflow_server.records import Records
from dotflow_server.scopes import SCOPES, granted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotflow.abc.storage import Storage

_PREFIX = "dft"
_DAY = 86400.0
# How exact it is when a token was last used: to note each use would be a write each.
_USE_SECONDS = 60.0


class TokenRefused(DotflowError, ValueError):
    """What is asked of a token cannot be."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, of which only the hash is kept.

    Args:
        id: What it is called by; no secret.
        name: What it is for.
        scopes: What it may do.
        digest: The SHA-256 of its text.
        created: In seconds since the epoch, like the times that follow.
        expires: None for never.
        last_used: To a minute; None before the first time.
        revoked: None while it is good.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: str
    created: float
    expires: float | None = None
    last_used: float | None = None
    revoked: float | None = None

    @property
    def good(self) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked is None and (
            self.expires is None or time.time() < self.expires
        )

    @property
    def granted(self) -> frozenset[str]:
        """What it may do, with what that implies."""
        return granted(self.scopes)

    def row(self) -> dict[str, Any]:
        """Return what may be told of it."""
        return {
            "id": self.id,
            "name": self.name,
            "scopes": list(self.scopes),
            "created": _moment(self.created),
            "expires": _moment(self.expires),
            "last_used": _moment(self.last_used),
            "revoked": self.revoked is not None,
        }


class Tokens:
    """The tokens of a server.

    Args:
        storage: Where they are kept.
    """

    def __init__(self, storage: Storage) -> None:
        self._records = Records(storage, "token")

    def create(
        self, name: str, scopes: Iterable[str], expires_days: float | None = None
    ) -> tuple[Token, str]:
        """Make a token, and return it with its text, which nobody can read again.

        Args:
            name: What it is for.
            scopes: What it may do, of `SCOPES`.
            expires_days: After how many days it ends; None for never.

        Raises:
            TokenRefused: There is no such scope.
        """
        given = tuple(dict.fromkeys(scopes))
        unknown = sorted(set(given) - set(SCOPES))
        if unknown or not given:
            raise TokenRefused(
                f"scopes={', '.join(unknown) or 'none'}: a token is for one or more of"
                f" {', '.join(SCOPES)}."
            )
        now, token_id, secret = time.time(), secrets.token_hex(6), secrets.token_hex(24)
        text = f"{_PREFIX}_{token_id}_{secret}"
        end = None if expires_days is None else now + expires_days * _DAY
        token = Token(token_id, name, given, _digest(text), now, end)
        self._records.put(
            token_id,
            {
                "name": name,
                "scopes": list(given),
                "digest": token.digest,
                "created": now,
                "expires": end,
                "last_used": None,
                "revoked": None,
            },
        )
        return token, text

    def all(self) -> list[Token]:
        """Return all tokens, oldest first."""
        found = (self.get(token_id) for token_id in self._records.names())
        return sorted(filter(None, found), key=lambda token: token.created)

    def get(self, token_id: str) -> Token | None:
        """Return a token by its id; None where there is none."""
        record = self._records.get(token_id) if token_id.isalnum() else None
        if record is None:
            return None
        return Token(
            token_id,
            record["name"],
            tuple(record["scopes"]),
            record["digest"],
            record["created"],
            record["expires"],
            record["last_used"],
            record["revoked"],
        )

    def check(self, text: str) -> Token | None:
        """Return the token that a text is, if it is good; and note its use."""
        parts = text.split("_")
        well_formed = len(parts) == 3 and parts[0] == _PREFIX
        token = self.get(parts[1]) if well_formed else None
        # Compared also where there is none: the time tells nothing.
        digest = token.digest if token else _digest("")
        same = hmac.compare_digest(_digest(text), digest)
        if token is None or not same or not token.good:
            return None
        now = time.time()
        if token.last_used is None or now - token.last_used > _USE_SECONDS:
            self._records.change(token.id, lambda record: record.update(last_used=now))
        return token

    def revoke(self, token_id: str) -> bool:
        """End a token, and say whether there is one of that id."""
        if not token_id.isalnum():
            return False
        now = time.time()

        def change(record: dict[str, Any]) -> None:
            if record["revoked"] is None:
                record["revoked"] = now

        return self._records.change(token_id, change)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
