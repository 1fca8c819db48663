"""`ServedRun`: a pipeline's run as a server knows a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.abc.server import Server
    from dotflow.model.task import TaskInstance


class ServedRun:
    """A run that a server hears of when it begins: it is registered by its own id.

    Args:
        run_id: The run.
        name: The pipeline.

    Attributes:
        workflow_id: The id of the run.
        name: The pipeline.
    """

    def __init__(self, run_id: str, name: str) -> None:
        self.workflow_id = run_id
        self.name = name

    def register(self, server: Server, tasks: Sequence[TaskInstance]) -> None:
        """Report the run and its tasks as new."""
        server.create_workflow(self)
        for task in tasks:
            server.create_task(self.told(task))

    def told(self, task: TaskInstance) -> TaskInstance:
        """Return a task in its state, as one of this workflow."""
        told = task.snapshot()
        told.workflow_id = self.workflow_id
        return told

    def result(self) -> dict[str, Any]:
        """Return the run as a new workflow, as a dictionary that JSON can hold."""
        from dotflow.model.payload import workflow_payload

        return workflow_payload(self.workflow_id, self.name, [])
