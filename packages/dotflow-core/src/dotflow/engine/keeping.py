"""`Keeping`: results that outlive a task, in the storage and in the cache."""

from __future__ import annotations

import time

from dotflow.errors import StorageError
from dotflow.model import events
from dotflow.model.outcome import Failure, Outcome
from dotflow.model.task import Attempt
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds
    from dotflow.model.task import TaskInstance

_now = time.time


class Keeping:
    """Keeps the results of tasks, and completes those whose result is there already.

    The arguments are those of a `Loop`.
    """

    __slots__ = ("_cache", "_checkpoints", "_ends", "_state")

    def __init__(
        self,
        state: RunState,
        ends: TaskEnds,
        checkpoints: Checkpoints,
        cache: ResultCache | None,
    ) -> None:
        self._state = state
        self._ends = ends
        self._checkpoints = checkpoints
        self._cache = cache

    def restore(self, node: int, task: TaskInstance) -> bool:
        """Complete a task that an earlier run has completed; True also where that failed."""
        try:
            stored = self._checkpoints.load(task)
        except StorageError as error:
            self._ends.fail(node, task, Failure.final(error), _now())
            return True
        if stored is None:
            return False
        if task.expansion is not None:
            from dotflow.engine.expand import revive

            stored = revive(task, stored, self._checkpoints)
        task.current = stored
        task.restored = True
        self._complete(node, task)
        return True

    def keep_in_cache(self, node: int, task: TaskInstance) -> Failure | None:
        """Keep a result for the same inputs in later runs; return why that failed."""
        if self._cache is None:
            return None
        previous, named = self._state.inputs(node, task)
        attempt = Attempt(node, task, task.attempt, previous, named)
        try:
            # After the checkpoint: a kill in between costs the cache, not the run.
            self._cache.keep(attempt, task.current_context)
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            return Failure.final(error)
        return None

    def found_in_cache(self, attempt: Attempt) -> bool:
        """Complete a task with a kept result; True also where looking for it failed."""
        if self._cache is None:
            return False
        node, task, ends = attempt.node, attempt.task, self._ends
        try:
            found = self._cache.find(attempt)
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            ends.fail(node, task, Failure.final(error), _now())
            return True
        if found is None:
            return False
        # A checkpoint of this run's own: the cache may forget it before a resume.
        outcome = Outcome(node, found.storage, None, _now())
        failure = self._checkpoints.keep(task, outcome)
        if failure is not None:
            ends.fail(node, task, failure, outcome.finished)
            return True
        task.cached = True
        self._complete(node, task)
        self._state.call_back(task)
        return True

    def _complete(self, node: int, task: TaskInstance) -> None:
        state = self._state
        task.status = TypeStatus.COMPLETED
        task.outcome = TypeOutcome.COMPLETED
        state.bus.emit(events.TaskRestored(task))
        state.release(state.graph.downstream[node])
