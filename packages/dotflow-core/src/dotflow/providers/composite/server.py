"""`CompositeServer`: several servers as one."""

from __future__ import annotations

from dotflow.abc.server import Server
from dotflow.base.fan_out import FanOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class CompositeServer(FanOut, Server):  # type: ignore[override]
    """Tells everything to several servers; see `FanOut`.

    Args:
        parts: The servers.
    """

    def create_workflow(self, workflow: Any) -> None:
        """Report a new workflow.

        Args:
            workflow: The `DotFlow`.
        """
        self.tell("create_workflow", workflow)

    def update_workflow(self, workflow: Any, status: str = "") -> None:
        """Report the state of a workflow.

        Args:
            workflow: Its id, or the `DotFlow`.
            status: A `WorkflowStatus`.
        """
        self.tell("update_workflow", workflow, status)

    def create_task(self, task: Any) -> None:
        """Report a task that was added.

        Args:
            task: The `Task`.
        """
        self.tell("create_task", task)

    def update_task(self, task: Any) -> None:
        """Report the state of a task.

        Args:
            task: The `Task`.
        """
        self.tell("update_task", task)
