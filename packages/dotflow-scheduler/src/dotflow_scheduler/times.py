"""`CronTimes`: the moments that a cron expression means."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING

from dotflow.errors import ProviderError
from dotflow_scheduler.zones import local_zone

if TYPE_CHECKING:
    from datetime import tzinfo

_HELP = (
    "Give five fields, 'minute hour day month weekday', as in '*/5 * * * *'. A sixth"
    " field is the seconds, a seventh the years."
)


class CronTimes:
    """The moments of a cron expression in a time zone, in seconds since 1970, UTC.

    Where clocks are put forward, a time that is left out counts as the first one after
    the gap; where they are put back, a time that comes twice counts twice.

    Args:
        cron: The expression.
        zone: The time zone; None for that of this machine.
    """

    def __init__(self, cron: str, zone: tzinfo | None) -> None:
        self._cron = cron
        self.zone = zone or local_zone()

    def after(self, moment: float) -> float | None:
        """Return the first moment after another one, None if there is none.

        Args:
            moment: The other one.
        """
        from croniter import CroniterBadDateError, croniter

        # Ticks are on whole seconds, and croniter rounds what is between.
        start = math.floor(moment)
        try:
            if self.zone is None:
                return self._after_local(start)
            local = datetime.fromtimestamp(start, self.zone)
            return float(croniter(self._cron, local).get_next(float))
        except CroniterBadDateError:
            return None

    def _after_local(self, start: int) -> float:
        """Go by the operating system, which knows offsets but tells no rules."""
        from croniter import croniter

        local = datetime.fromtimestamp(start)
        ticks = croniter(self._cron, local)
        while True:
            found: datetime = ticks.get_next(datetime)
            # In the hour that comes twice a local time may mean a moment that is past.
            if (moment := found.timestamp()) > start:
                return moment


def check_cron(cron: object, zone: tzinfo | None, now: float) -> str:
    """Return an expression that is well-formed and has a moment still to come.

    Args:
        cron: The expression.
        zone: The time zone it is in.
        now: What counts as past.

    Raises:
        ProviderError: It has none, or is malformed.
    """
    if not isinstance(cron, str):
        raise _error(cron, "it is no text")
    try:
        upcoming = CronTimes(cron, zone).after(now)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise _error(cron, str(error).rstrip(".")) from None
    if upcoming is None:
        raise _error(cron, "there is no such date to come")
    return cron


def _error(cron: object, problem: str) -> ProviderError:
    return ProviderError(f"SchedulerCron(cron={cron!r}): {problem}. {_HELP}")
