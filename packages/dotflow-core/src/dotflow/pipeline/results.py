"""`StoredResults`: a state store as the engine's checkpoints."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dotflow.core.context import Context
from dotflow.core.exception import StorageError
from dotflow.engine.checkpoint import Checkpoints

if TYPE_CHECKING:
    from dotflow.core.task import Task
    from dotflow.pipeline.state import StateStoreProtocol


class StoredResults(Checkpoints):
    """The state store as the engine's checkpoints: durable before the next task.

    Args:
        store: The state store.
        run_id: The run.
        kept: The results that it has from an earlier run, by task.
    """

    def __init__(
        self, store: StateStoreProtocol, run_id: str, kept: dict[str, Any]
    ) -> None:
        self._store = store
        self._mark_success = store.mark_success
        self._kept = kept
        self.run_id = self._id = run_id
        self.resuming = bool(kept)

    def keeps_items(self) -> bool:
        """Say no: a state store knows tasks, not the items of a mapped one."""
        return False

    def load(self, task: Task) -> Context | None:  # type: ignore[override]  # as above
        """Return the result that an earlier run has left."""
        if task.name not in self._kept:
            return None
        value = self._kept[task.name]
        return Context.of_task(value, task.task_id, None, time.time(), self.run_id)

    def save(self, task: Task, context: Context) -> None:  # type: ignore[override]
        """Keep a result.

        Raises:
            StorageError: The store failed, or cannot hold the value.
        """
        try:
            self._mark_success(self._id, task._name, context._storage)
        except Exception as error:
            raise StorageError(
                f"The result of task '{task.name}' could not be stored by"
                f" {type(self._store).__name__}: {error}"
            ) from error
