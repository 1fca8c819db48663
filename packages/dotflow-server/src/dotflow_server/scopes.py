"""What a token may be for."""

from __future__ import annotations

from collections.abc import Iterable

SCOPES = ("ingest", "read", "operate", "admin")
"""Who operates reads, too; who administers does both."""

_IMPLIED = {"operate": {"read"}, "admin": {"read", "operate"}}


def granted(scopes: Iterable[str]) -> frozenset[str]:
    """Return scopes with those that they imply."""
    found = set(scopes)
    for scope in scopes:
        found |= _IMPLIED.get(scope, set())
    return frozenset(found)
