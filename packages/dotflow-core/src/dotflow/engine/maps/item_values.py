"""`ItemValues`: what the items of a mapped task came to, and where it is kept."""

from __future__ import annotations

import time

from dotflow.engine.clock import ASK_AGAIN_SECONDS
from dotflow.engine.maps.mapped_results import SPILLED, spilled_results
from dotflow.model.context import Context
from dotflow.model.held import Held, HeldContext, HeldParts
from dotflow.model.items import ItemKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.cache import CachedCall, ResultCache
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance


class ItemValues:
    """The results of a mapped task, in memory or in the storage.

    Args:
        task: The task.
        checkpoints: Where each item is kept by itself, if anybody can resume the run.
        cache: The kept results of steps; None where no step keeps any.
        spill: Whether they stay there, and none is in memory.
        node: The place of the task, after all that it follows has ended.
        hold: Takes note of a result that stays where it was made; None where none does.

    Attributes:
        count: How many items were taken.
        kept: Whether each item has a checkpoint of its own.
        knows: Whether an item may have its result already.
    """

    __slots__ = (
        "_calls",
        "_checkpoints",
        "_held",
        "_hold",
        "_lineage",
        "_spill",
        "_task",
        "_values",
        "cache",
        "count",
        "kept",
        "knows",
    )

    def __init__(
        self,
        task: TaskInstance,
        checkpoints: Checkpoints,
        cache: ResultCache | None,
        spill: bool,
        node: int,
        hold: Callable[[TaskInstance | ItemKey, Held], None] | None = None,
    ) -> None:
        self._task = task
        self._checkpoints = checkpoints
        self.cache = cache if task.step.cache else None
        self._spill = spill
        lineages = checkpoints.lineages
        self._lineage = None if lineages is None else lineages[node]
        self._values: list[Any] = []
        # Of items with a cache, by index, from before their first attempt to their end.
        self._calls: dict[int, CachedCall] = {}
        self._hold = hold
        self._held = False  # whether any value has stayed
        self.count = 0
        self.kept = spill or checkpoints.keeps_items()
        self.knows = checkpoints.resuming or self.cache is not None

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

    def result(self, index: int, outcome: Outcome) -> Any:
        """Return the result of an item, brought here where this process must store it.

        Raises:
            WorkerDied: It was lost before.
            StorageError: A storage that should have it failed.
        """
        value = outcome.value
        if self._hold is None or not issubclass(type(value), Held):
            return value.storage if issubclass(type(value), Context) else value
        self._hold(ItemKey(self._task, index), value)
        here = self.kept and not self._checkpoints.keeps_objects
        if self.cache is None and (value.stored or not here):
            outcome.stored = value.stored
            self._held = True
            return value
        return value.fetch()

    def context(self, value: Any, finished: float) -> Context:
        """Return a result as the context of this task and run."""
        task, held = self._task, None
        if self._held and issubclass(type(value), Held):
            value, held = None, value
        context = Context.of_task(
            value,
            task.task_id,
            task.workflow_id,
            finished,
            self._checkpoints.run_id,
            self._lineage,
        )
        return context if held is None else HeldContext.holding(held, context)

    def keep(self, index: int, value: Any, finished: float) -> Context:
        """Store a result by itself; see `save`."""
        result = self.context(value, finished)
        self._checkpoints.save(ItemKey(self._task, index), result)
        return result

    def save(self, index: int, value: Any, outcome: Outcome) -> None:
        """Store a result by itself, and in the cache.

        Args:
            index: The item's place.
            value: The result.
            outcome: When it was there, and whether it is stored already.

        Raises:
            StorageError: The storage failed, or cannot hold the value.
        """
        # The checkpoint before the cache, as for a task: only the first one resumes.
        if self.kept and not outcome.stored:
            result = self.keep(index, value, outcome.finished)
        else:
            result = self.context(value, outcome.finished)
        if self.cache is not None and index in self._calls:
            self.cache.keep(self._calls.pop(index), result)

    def find(self, attempt: Attempt, index: int) -> Context | None:
        """Return an item's result that is there already, None where there is none.

        Args:
            attempt: What would give it.
            index: The item's place.

        Raises:
            StorageError: The storage failed.
            InvalidTask: The inputs cannot be compared with those of other runs.
        """
        key, checkpoints = ItemKey(self._task, index), self._checkpoints
        # A run that was resumed may have stored it.
        stored = checkpoints.load(key) if checkpoints.resuming and self.kept else None
        # A storage that keeps bare values cannot tell of which run they are.
        if (
            stored is not None
            and stored.run_id is not None
            and checkpoints.belongs(attempt.node, stored)
        ):
            return stored
        if self.cache is None:
            return None
        call = self._calls.get(index)
        if call is None:
            call = self._calls[index] = self.cache.call(attempt)
        found = self.cache.find(call)
        if found is not None:
            del self._calls[index]
            if self.kept:
                checkpoints.save(key, self.context(found.storage, time.time()))
        return found

    def begin(self, index: int) -> bool:
        """Compute what was not found; False where it is computed elsewhere already.

        Raises:
            StorageError: The storage failed.
        """
        call = self._calls.get(index)
        return self.cache is None or call is None or self.cache.begin(call)

    @property
    def ask_again(self) -> float:
        """After how many seconds to look again for what is computed elsewhere."""
        return ASK_AGAIN_SECONDS if self.cache is None else self.cache.ask_again

    def give_up(self, index: int) -> None:
        """Let other runs compute the result of an item that has failed for good."""
        call = self._calls.pop(index, None)
        if self.cache is not None and call is not None:
            self.cache.end(call)

    def whole(self, finished: float) -> Context:
        """Return what the task as a whole results in."""
        if self._spill:
            found = spilled_results(self._checkpoints, self._task, self.count)
            return self.context(found, finished)
        return self.context(self._whole(), finished)

    def record(self) -> Any:
        """Return what the checkpoint of the task holds."""
        return {SPILLED: self.count} if self._in_storage() else self._whole()

    def _whole(self) -> Any:
        return HeldParts(self._values) if self._held else self._values

    def _in_storage(self) -> bool:
        """Say whether the results are there item by item, some by their workers."""
        here = self._checkpoints.keeps_objects
        return self._spill or (self._held and self.kept and not here)

    def stored(self, finished: float) -> None:
        """Take note that the task has its own checkpoint."""
        if self._in_storage():
            self._task.current_context = self.whole(finished)
        elif self.kept:
            # Now at the earliest: a kill before the task's own would lose them all.
            self._checkpoints.forget_items(self._task)

    def release(self) -> None:
        """Let go of the results: the task has them."""
        self._values = []
