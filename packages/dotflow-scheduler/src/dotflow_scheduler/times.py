"""`CronTimes`: the moments that a cron expression means."""

from __future__ import annotations

import math
import random
import re
from datetime import datetime
from typing import TYPE_CHECKING

from dotflow.errors import ProviderError
from dotflow_scheduler.zones import local_zone

if TYPE_CHECKING:
    from datetime import tzinfo

_HELP = (
    "Give five fields, 'minute hour day month weekday', as in '*/5 * * * *'. A sixth"
    " field is the seconds, a seventh the years. H stands for a number that is drawn from"
    " the seed, R for one drawn at random, once."
)


class CronTimes:
    """The moments of a cron expression in a time zone, in seconds since 1970, UTC.

    Where clocks are put forward, a time that is left out counts as the first one after
    the gap; where they are put back, a time that comes twice counts twice.

    Args:
        cron: The expression.
        zone: The time zone; None for that of this machine.
        seed: What its H fields are drawn from.
    """

    def __init__(self, cron: str, zone: tzinfo | None, seed: str = "") -> None:
        self._cron = cron
        self._seed = seed if _drawn(cron) else None  # it makes @daily a drawn one, too
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
            ticks = croniter(self._cron, local, hash_id=self._seed)
            return float(ticks.get_next(float))
        except CroniterBadDateError:
            return None

    def _after_local(self, start: int) -> float:
        """Go by the operating system, which knows offsets but tells no rules."""
        from croniter import croniter

        local = datetime.fromtimestamp(start)
        ticks = croniter(self._cron, local, hash_id=self._seed)
        while True:
            found: datetime = ticks.get_next(datetime)
            # In the hour that comes twice a local time may mean a moment that is past.
            if (moment := found.timestamp()) > start:
                return moment


# A field that is drawn: H from a seed, R at random; H(0-29)/10 is one of both kinds.
_DRAWN = re.compile(r"(?i)(?<!\S)([HR])(?=\(\d+-\d+\)|/\d+|\s|$)")


def _drawn(cron: str) -> list[str]:
    return _DRAWN.findall(cron)


def draw(cron: str, seed: str) -> tuple[str, str]:
    """Return an expression whose R fields stay as they were drawn, and its seed.

    croniter would draw them anew for each tick.

    Args:
        cron: The expression.
        seed: What H fields are drawn from. Beside one an R field is drawn from it, too.
    """
    letters = {letter.upper() for letter in _drawn(cron)}
    if letters == {"R"}:
        seed = str(random.random())
    return _DRAWN.sub("H", cron), seed


def check_cron(cron: object, zone: tzinfo | None, now: float, seed: str = "") -> str:
    """Return an expression that is well-formed and has a moment still to come.

    Args:
        cron: The expression.
        zone: The time zone it is in.
        now: What counts as past.
        seed: What its H fields are drawn from.

    Raises:
        ProviderError: It has none, or is malformed.
    """
    if not isinstance(cron, str):
        raise _error(cron, "it is no text")
    try:
        upcoming = _times(cron, zone, seed).after(now)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise _error(cron, str(error).rstrip(".")) from None
    if upcoming is None:
        raise _error(cron, "there is no such date to come")
    return cron


def _times(cron: str, zone: tzinfo | None, seed: str) -> CronTimes:
    drawn, seed = draw(cron, seed)
    return CronTimes(drawn, zone, seed)


def _error(cron: object, problem: str) -> ProviderError:
    return ProviderError(f"SchedulerCron(cron={cron!r}): {problem}. {_HELP}")
