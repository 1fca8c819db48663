"""`SchedulerDefault`: nothing is scheduled."""

from __future__ import annotations

from dotflow.abc.scheduler import Scheduler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class SchedulerDefault(Scheduler):
    """A scheduler that does nothing: `start` returns without a run."""

    active = False

    def start(self, workflow: Callable[..., Any], **kwargs: Any) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""
