"""Where the database is, and how to speak of it without its password."""

from __future__ import annotations

import os
from typing import Any

from dotflow.base.masking import is_ambiguous, keep_secret, mask
from dotflow.errors import ProviderError


def find_dsn(dsn: str | None) -> str:
    """Return the connection string to use: the given one, else `DATABASE_URL`.

    Args:
        dsn: What the user gave. None, where the environment has no `DATABASE_URL`
            either, leaves everything to libpq's own variables, `PGHOST` and so on.

    Raises:
        ProviderError: It is no connection string.
    """
    if dsn is None:
        dsn = os.environ.get("DATABASE_URL") or ""
    # libpq reads a URL by its own rules: a part of the password would be the host.
    if is_ambiguous(dsn, _parse(dsn).get("password")):
        raise _malformed()
    keep_secret(dsn, os.environ.get("PGPASSWORD"))
    return dsn


def address_of(dsn: str) -> str:
    """Return `host:port/database` of a connection string, for messages."""
    fields = _parse(dsn)

    def field(name: str, variable: str, default: str) -> str:
        return str(fields.get(name) or os.environ.get(variable) or default)

    host = str(fields.get("hostaddr") or field("host", "PGHOST", "localhost"))
    port = field("port", "PGPORT", "5432")
    user = field("user", "PGUSER", "")
    database = field("dbname", "PGDATABASE", user)
    return f"{host}:{port}/{database}".rstrip("/")


def has_password(dsn: str) -> bool:
    """Say whether a connection string has a password in it."""
    return bool(_parse(dsn).get("password"))


def hide_password(dsn: str, text: str) -> str:
    """Return a text without the password of a connection string.

    Args:
        dsn: The connection string.
        text: What may hold it, such as an error's message.
    """
    return mask(text, dsn, _parse(dsn).get("password"), os.environ.get("PGPASSWORD"))


def _parse(dsn: str) -> dict[str, Any]:
    # Not at the top: psycopg takes longer to import than all of dotflow.
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        return dict(conninfo_to_dict(dsn))
    except psycopg.Error:
        # What libpq says quotes the string, and with it perhaps the password.
        raise _malformed() from None


def _malformed() -> ProviderError:
    return ProviderError(
        "StoragePostgres: dsn is no connection string of PostgreSQL. Write"
        " postgresql://user@host:5432/database, or host=… dbname=…, and escape special"
        " characters in a URL, such as / and @ in a password, as %XX."
    )
