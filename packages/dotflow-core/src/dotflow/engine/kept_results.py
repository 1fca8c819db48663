"""`KeptResults`: results that outlive a task, in the storage and in the cache."""

from __future__ import annotations

import time

from dotflow.errors import StorageError
from dotflow.model import events
from dotflow.model.attempt import Attempt
from dotflow.model.context import Context
from dotflow.model.outcome import Failure, Outcome
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.loop import Engine
    from dotflow.model.checkpoints import Checkpoints
    from dotflow.model.task import Task

_now = time.time


class KeptResults:
    """Keeps the results of tasks, and completes those whose result is there already.

    Args:
        engine: The engine that runs the tasks.
        checkpoints: What is stored and restored.
        cache: The kept results of steps; None where no step keeps any.

    Attributes:
        checkpoints: What is stored and restored.
        cache: The kept results of steps, or None.
    """

    __slots__ = ("_engine", "_run_id", "_save", "cache", "checkpoints")

    def __init__(
        self, engine: Engine, checkpoints: Checkpoints, cache: ResultCache | None
    ) -> None:
        self._engine = engine
        self.checkpoints = checkpoints
        self.cache = cache
        self._save = checkpoints.save
        self._run_id = checkpoints.run_id

    def keep(self, task: Task, outcome: Outcome) -> Failure | None:
        """Store a result before anything depends on it; return why that failed."""
        context = Context.of_task(
            outcome.value,
            task._task_id or task.task_id,
            task.workflow_id,
            outcome.finished,
            self._run_id,
        )
        try:
            self._save(task, context)
        except StorageError as error:
            # The step has run: to run it again would not mend the storage.
            return Failure.from_error(error, TypeOutcome.FAILED, ())
        task.current = context
        task.finished = outcome.finished
        return None

    def restore(self, node: int, task: Task) -> bool:
        """Complete a task that an earlier run has completed; True also where that failed."""
        engine = self._engine
        try:
            stored = self.checkpoints.load(task)
        except StorageError as error:
            failure = Failure.from_error(error, TypeOutcome.FAILED, ())
            engine.ends.fail(node, task, failure, _now())
            return True
        if stored is None:
            return False
        if task.expansion is not None:
            from dotflow.engine.expand import revive

            stored = revive(task, stored, self.checkpoints)
        task.current = stored
        task.restored = True
        self._complete(node, task)
        return True

    def keep_in_cache(self, node: int, task: Task) -> Failure | None:
        """Keep a result for the same inputs in later runs; return why that failed."""
        if self.cache is None:
            return None
        previous, named = self._engine.inputs(node, task)
        attempt = Attempt(node, task, task.attempt, previous, named)
        try:
            self.cache.keep(attempt, task.current_context)
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            return Failure.from_error(error, TypeOutcome.FAILED, ())
        return None

    def found_in_cache(self, attempt: Attempt) -> bool:
        """Complete a task with a kept result; True also where looking for it failed."""
        if self.cache is None:
            return False
        node, task, ends = attempt.node, attempt.task, self._engine.ends
        try:
            found = self.cache.find(attempt)
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            failure = Failure.from_error(error, TypeOutcome.FAILED, ())
            ends.fail(node, task, failure, _now())
            return True
        if found is None:
            return False
        not_kept = self.keep(task, Outcome(node, found.storage, None, _now()))
        if not_kept is not None:
            ends.fail(node, task, not_kept, _now())
            return True
        task.cached = True
        self._complete(node, task)
        ends.call_back(task)
        return True

    def _complete(self, node: int, task: Task) -> None:
        engine = self._engine
        task.status = TypeStatus.COMPLETED
        task.outcome = TypeOutcome.COMPLETED
        engine.bus.emit(events.TaskRestored(task))
        engine.release(engine.graph.downstream[node])
