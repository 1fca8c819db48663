"""Time zones: one by its name, and this machine's own."""

from __future__ import annotations

import os
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from dotflow.base.suggest import hint
from dotflow.errors import ProviderError

_LOCAL = Path("/etc/localtime")


def find_zone(zone: str | tzinfo) -> tzinfo:
    """Return a time zone.

    Args:
        zone: Its name in the IANA database, or a zone.

    Raises:
        ProviderError: There is none of that name.
    """
    if isinstance(zone, tzinfo):
        return zone
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, TypeError, OSError):
        names = available_timezones() if isinstance(zone, str) else set()
        raise ProviderError(
            f"SchedulerCron(timezone={zone!r}): there is no such time"
            f" zone.{hint(str(zone), names)} Give a name such as 'Europe/Lisbon', or None"
            " for that of this machine."
        ) from None


def local_zone() -> tzinfo | None:
    """Return the zone of this machine with its rules for summer time, if it tells.

    `datetime.astimezone()` would give no more than today's offset from UTC.
    """
    name = os.environ.get("TZ")
    try:
        if name is not None and not Path(name.lstrip(":")).is_absolute():
            return ZoneInfo(name.lstrip(":") or "UTC")
        path = _LOCAL if name is None else Path(name.lstrip(":"))
        with path.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (KeyError, ValueError, OSError):
        return None
