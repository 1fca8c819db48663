"""Points in time as users write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

_AGO = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_period(
    since: str | None, until: str | None
) -> tuple[datetime | None, datetime | None]:
    """Return what `--since` and `--until` bound; None for each that is not given.

    Args:
        since: As of `read_moment`.
        until: The same.

    Raises:
        UsageError: One of them is no point in time.
    """
    return (
        None if since is None else read_moment(since, "--since"),
        None if until is None else read_moment(until, "--until"),
    )


def read_moment(text: str, option: str) -> datetime:
    """Return a point in time.

    Args:
        text: A time ago, as `90m`, `24h`, `7d`; or an ISO date or date and time, local
            where it has no zone.
        option: Which option it was given with, for the message.

    Raises:
        UsageError: It is neither.
    """
    try:
        if ago := _AGO.fullmatch(text.strip().lower()):
            amount = timedelta(**{_UNITS[ago[2]]: int(ago[1])})
            return datetime.now(UTC) - amount
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise click.UsageError(
            f"{option} {text!r}: give a time ago such as 90m, 24h or 7d, or a date such"
            " as 2026-01-31 or 2026-01-31T08:00."
        ) from error
