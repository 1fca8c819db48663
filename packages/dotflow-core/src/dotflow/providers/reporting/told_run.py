"""`ToldRun`: how far a server knows a run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.providers.reporting.source import Source
    from dotflow.providers.reporting.values import SentValues

BEGIN_SECONDS = 60.0
_MOST_EVENTS = 500


@dataclass(eq=False, slots=True)
class ToldRun:
    """A run that a server is told of.

    Args:
        run_id: The run.
        source: Where its events are.
        cancel: Ends it; None where its process is gone, and nothing more comes of it.
        values: Its results, where these travel; None where they do not.
        cancelled: Whether it was ended by that.
        begun: Whether it was seen in its history.
        awaited: Until when it may begin, on the monotonic clock.
        known: The number of the last event that the server has written down.
        told: Whether the server knows what it is.
        ended: Whether the server knows all of it.
        maps: How far its mapped tasks were when that was told last.
        beaten: When anything was told last, on the monotonic clock.
        current: When all that was there had been told.
        most: How many events the server takes at once.
    """

    run_id: str
    source: Source
    cancel: Callable[[str], None] | None = None
    values: SentValues | None = None
    cancelled: bool = False
    begun: bool = False
    awaited: float = field(default_factory=lambda: time.monotonic() + BEGIN_SECONDS)
    known: int = 0
    told: bool = False
    ended: bool = False
    maps: dict[str, list[int | None]] = field(default_factory=dict)
    beaten: float = 0.0
    current: float = 0.0
    most: int = _MOST_EVENTS

    @property
    def left(self) -> bool:
        """Whether its process is gone, so that nothing more comes of it."""
        return self.cancel is None
