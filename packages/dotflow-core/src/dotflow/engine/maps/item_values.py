"""`ItemValues`: what the items of a mapped task came to, and where it is kept."""

from __future__ import annotations

import time

from dotflow.engine.maps.mapped_results import SPILLED, spilled_results
from dotflow.model.context import Context
from dotflow.model.items import ItemKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.model.task import Attempt, TaskInstance


class ItemValues:
    """The results of a mapped task, in memory or in the storage.

    Args:
        task: The task.
        checkpoints: Where each item is kept by itself, if anybody can resume the run.
        cache: The kept results of steps; None where no step keeps any.
        spill: Whether they stay there, and none is in memory.

    Attributes:
        count: How many items were taken.
        kept: Whether each item has a checkpoint of its own.
    """

    __slots__ = ("_checkpoints", "_spill", "_task", "_values", "cache", "count", "kept")

    def __init__(
        self,
        task: TaskInstance,
        checkpoints: Checkpoints,
        cache: ResultCache | None,
        spill: bool,
    ) -> None:
        self._task = task
        self._checkpoints = checkpoints
        self.cache = cache if task.step.cache else None
        self._spill = spill
        self._values: list[Any] = []
        self.count = 0
        self.kept = spill or checkpoints.keeps_items()

    def place(self) -> int:
        """Make room for one more item and return its index."""
        index = self.count
        self.count = index + 1
        if not self._spill:
            self._values.append(None)
        return index

    def note(self, index: int, value: Any) -> None:
        """Put a result in its place."""
        if not self._spill:
            self._values[index] = value

    def context(self, value: Any, finished: float) -> Context:
        """Return a result as the context of this task and run."""
        task = self._task
        return Context.of_task(
            value, task.task_id, task.workflow_id, finished, self._checkpoints.run_id
        )

    def save(self, attempt: Attempt, index: int, value: Any, finished: float) -> None:
        """Store a result by itself, and in the cache.

        Args:
            attempt: What gave it.
            index: The item's place.
            value: The result.
            finished: When it was there, in seconds since the epoch.

        Raises:
            StorageError: The storage failed, or cannot hold the value.
            InvalidTask: The inputs cannot be compared with those of other runs.
        """
        result = self.context(value, finished)
        # The checkpoint before the cache, as for a task: only the first one resumes.
        if self.kept:
            self._checkpoints.save(ItemKey(self._task, index), result)
        if self.cache is not None:
            self.cache.keep(attempt, result)

    def find(self, attempt: Attempt, index: int, resuming: bool) -> Context | None:
        """Return an item's result that is there already, None where there is none.

        Args:
            attempt: What would give it.
            index: The item's place.
            resuming: Whether this run has been resumed, so that it may have stored it.

        Raises:
            StorageError: The storage failed.
            InvalidTask: The inputs cannot be compared with those of other runs.
        """
        key = ItemKey(self._task, index)
        stored = self._checkpoints.load(key) if resuming and self.kept else None
        # A storage that keeps bare values cannot tell of which run they are.
        if stored is not None and stored.run_id is not None:
            return stored
        found = None if self.cache is None else self.cache.find(attempt)
        if found is not None and self.kept:
            self._checkpoints.save(key, self.context(found.storage, time.time()))
        return found

    def value(self) -> Any:
        """Return what the task as a whole results in."""
        if self._spill:
            return spilled_results(self._checkpoints, self._task, self.count)
        return self._values

    def record(self) -> Any:
        """Return what the checkpoint of the task holds."""
        return {SPILLED: self.count} if self._spill else self._values

    def stored(self, finished: float) -> None:
        """Take note that the task has its own checkpoint."""
        if self._spill:
            self._task.current_context = self.context(self.value(), finished)
        elif self.kept:
            # Now at the earliest: a kill before the task's own would lose them all.
            self._checkpoints.forget_items(self._task)

    def release(self) -> None:
        """Let go of the results: the task has them."""
        self._values = []
