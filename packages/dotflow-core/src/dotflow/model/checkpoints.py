"""`Checkpoints`: what a run asks of whatever keeps the results of its tasks."""

from __future__ import annotations

from typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.abc.storage import Storage
    from dotflow.model.context import Context
    from dotflow.model.items import ItemKey
    from dotflow.model.task import Task


class Checkpoints(Protocol):
    """Keeps results before anything depends on them, and finds those of earlier runs.

    Attributes:
        resuming: Whether tasks may have a stored result to restore.
        run_id: The run that the results belong to, None where nobody can resume it.
    """

    resuming: bool
    run_id: str | None

    @property
    def storage(self) -> Storage | None:
        """Where each result can be read when asked for; None where that cannot be."""

    def load(self, task: Task | ItemKey) -> Context | None:
        """Return the stored result of a task that this run need not repeat.

        Raises:
            StorageError: It cannot be read; the message names the task.
        """

    def save(self, task: Task | ItemKey, context: Context) -> None:
        """Store the result of a task; it is durable when the call returns.

        Raises:
            StorageError: It cannot be stored; the message names the task.
        """

    def keeps_items(self) -> bool:
        """Say whether each item of a mapped task has a checkpoint of its own."""

    def forget_items(self, task: Task) -> None:
        """Let go of the items' checkpoints of a mapped task, which has one itself."""
