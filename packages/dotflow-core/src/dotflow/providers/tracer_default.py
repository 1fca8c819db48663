"""`TracerDefault`: no traces."""

from __future__ import annotations

from dotflow.abc.tracer import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class TracerDefault(Tracer):
    """A tracer that does nothing."""

    active = False

    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def start_task(self, task: Any) -> None:
        """Do nothing."""

    def end_task(self, task: Any) -> None:
        """Do nothing."""
