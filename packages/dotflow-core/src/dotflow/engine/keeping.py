"""`Keeping`: results that outlive a task, in the storage and in the cache."""

from __future__ import annotations

import time

from dotflow.base.guard import STOPS, called
from dotflow.errors import StorageError
from dotflow.model import events
from dotflow.model.outcome import Failure, Outcome
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.cache import CachedCall, ResultCache
    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds
    from dotflow.model.task import Attempt, TaskInstance

_now = time.time


class Keeping:
    """Keeps the results of tasks, and completes those whose result is there already.

    The arguments are those of a `Loop`.
    """

    __slots__ = ("_cache", "_calls", "_checkpoints", "_ends", "_state")

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
        # Of tasks with a cache, by node, from before their first attempt to their end.
        self._calls: dict[int, CachedCall] = {}

    def restore(self, node: int, task: TaskInstance) -> bool:
        """Complete a task that an earlier run has completed; True also where that failed."""
        try:
            stored = self._checkpoints.load(task)
        except StorageError as error:
            self._ends.fail(node, task, Failure.final(error), _now())
            return True
        if stored is None or not self._checkpoints.belongs(node, stored):
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
        call = self._calls.pop(node, None)
        if self._cache is None or call is None:
            return None
        # After the checkpoint: a kill in between costs the cache, not the run.
        error = called(self._cache.keep, call, task.current_context)
        return None if error is None else Failure.final(error)

    def give_up(self, node: int) -> None:
        """Let other runs compute the result of a task that has failed for good."""
        call = self._calls.pop(node, None)
        if self._cache is not None and call is not None:
            self._cache.end(call)

    def found_in_cache(self, attempt: Attempt) -> bool:
        """Complete a task with a kept result, or have it wait for one.

        True where it is not to run now, also since looking for the result failed.
        """
        cache = self._cache
        if cache is None:
            return False
        node, task, ends = attempt.node, attempt.task, self._ends
        try:
            call = self._calls.get(node)
            if call is None:
                call = self._calls[node] = cache.call(attempt)
            found = cache.find(call)
            if found is None:
                if cache.begin(call):
                    return False
                self._state.delay(node, cache.ask_again)
                return True
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - inputs and keys are user code
            ends.fail(node, task, Failure.final(error), _now())
            return True
        del self._calls[node]
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
        if state.lending is not None:
            state.lending.record(task, task.current)
        state.bus.emit(events.TaskRestored(task))
        state.release(state.graph.downstream[node])
