"""`MappedTask`: a mapped task while it runs, as many attempts of one step."""

from __future__ import annotations

import time

from dotflow.engine.expanded import Expanded
from dotflow.engine.maps.item_failures import ItemFailures
from dotflow.engine.maps.item_values import ItemValues
from dotflow.engine.maps.open_source import open_source
from dotflow.engine.maps.waiting_items import WaitingItems
from dotflow.model import events
from dotflow.model.context import Context
from dotflow.model.items import ItemNode, MapProgress
from dotflow.model.outcome import Failure, Outcome
from dotflow.model.task import Attempt
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.maps.async_items import AsyncItemSource
    from dotflow.engine.maps.item_source import ItemSource
    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds
    from dotflow.model.expansion import MapOver
    from dotflow.model.items import Item

_now = time.time

# The phases of a mapped task.
#
#   phase     what it does             what leads to the next one
#   --------  -----------------------  ------------------------------------------------
#   TAKING    takes items, runs them   the source has no more or fails; an item fails
#                                      for good and nothing keeps going; the run ends
#   DRAINING  runs what has begun,     nothing is in flight, none waits for another
#             further attempts too     attempt, and no fetch of an item is under way
#   ENDED     nothing: the task has
#             its result, or failed
TAKING, DRAINING, ENDED = range(3)


class MappedTask(Expanded):
    """A mapped task while it runs.

    Items are taken one at a time, when a slot is free, so a generator of a million of
    them is never in memory as a whole. What is kept of an item that has ended is its
    result.

    Args:
        state, ends, checkpoints, cache: As of a `Loop`.
        node: The task's place in the graph.
        mapping: How it maps.
    """

    __slots__ = (
        "_ends",
        "_failures",
        "_flying",
        "_keep",
        "_knows",
        "_mapping",
        "_node",
        "_phase",
        "_progress",
        "_queued",
        "_results",
        "_resuming",
        "_source",
        "_state",
        "_submit",
        "_task",
        "_tell_item",
        "_waiting",
    )

    def __init__(
        self,
        state: RunState,
        ends: TaskEnds,
        checkpoints: Checkpoints,
        cache: ResultCache | None,
        node: int,
        mapping: MapOver,
    ) -> None:
        self._state = state
        self._submit = state.executor.submit
        self._ends = ends
        self._keep = checkpoints.keep
        self._resuming = checkpoints.resuming
        self._node = node
        self._mapping = mapping
        self._task = task = state.tasks[node]
        self._results = ItemValues(task, checkpoints, cache, mapping.spill)
        # Whether an item may have its result already.
        self._knows = self._resuming or self._results.cache is not None
        self._failures = ItemFailures(task)
        self._source: ItemSource | None = None
        self._flying: dict[int, Item] = {}
        self._waiting = WaitingItems(state, node)
        self._tell_item = state.bus.teller(events.ItemCompleted)
        self._phase = TAKING
        self._queued = False  # whether it stands in the loop's ready queue
        task.mapped = self._progress = MapProgress()

    def advance(self) -> None:
        """Start the next item; see `Expanded.advance`."""
        self._queued = False
        if self._phase == ENDED or (self._source is None and not self._begin()):
            return
        state, task = self._state, self._task
        if state.delayed:
            state.wake_delayed()
        item = self._take()
        if item is None or (self._knows and self._known(item)):
            self._go_on()
        elif not task.step.guarded or self._admitted(item):
            item.attempt += 1
            item.started = _now()
            outcome = self._submit(self._attempt(item))
            if outcome is None:
                state.running += 1
                self._flying[item.index] = item
                self._go_on()
            else:
                self._settle(item, outcome)

    def settle(self, outcome: Outcome) -> None:
        """Take note of the end of an item's attempt; see `Expanded.settle`."""
        index = outcome.node.index  # type: ignore[attr-defined]  # it is an ItemNode
        item = self._flying.pop(index, None)
        if item is not None:
            self._settle(item, outcome)
            return
        # It was no item's: the next item was fetched, or could not be.
        source: AsyncItemSource = self._source  # type: ignore[assignment]  # no other fetches
        failure = outcome.failure
        source.deliver(outcome.value)
        if failure is not None:
            if failure.fatal:
                self._ends.stop(self._task, failure, outcome.finished)
            self._failures.add_source(failure)
            self.close()
        self._go_on()

    def wake(self) -> None:
        """Stand in the ready queue, once; see `Expanded.wake`."""
        if not self._queued and self._phase != ENDED:
            self._queued = True
            self._state.ready.append(self._node)

    def close(self) -> None:
        """Take no more items; what has begun may go on. See `Expanded.close`."""
        if self._phase == TAKING:
            self._phase = DRAINING
        if self._source is not None:
            self._source.close()

    def _begin(self) -> bool:
        """Look at what there is to map over; False where the task has failed."""
        state, task = self._state, self._task
        task.attempt = 1
        task.status = TypeStatus.IN_PROGRESS
        task.started = task.attempt_started = _now()
        state.bus.emit(events.TaskStarted(task))
        try:
            self._source = open_source(state, self._node, self._mapping, self._results)
        except Exception as error:  # noqa: BLE001 - __iter__ is user code
            self._phase = ENDED
            self._ends.fail(self._node, task, Failure.final(error), _now())
            return False
        self._progress.total = self._source.total
        return True

    def _take(self) -> Item | None:
        """Return the item to start now, None where there is none."""
        waiting = self._waiting
        if waiting.held is not None or waiting.retries:
            item = waiting.take()
            if item is not None or waiting.full:
                return item
        if self._phase != TAKING or self._source is None:
            return None
        try:
            return self._source.take()
        except StopIteration:
            self._phase = DRAINING
            self._progress.total = self._results.count
        except Exception as error:  # noqa: BLE001 - a generator is user code
            self._failures.add_source(Failure.final(error))
            self.close()
        return None

    def _attempt(self, item: Item) -> Attempt:
        node = ItemNode(self._node, item.index)
        return Attempt(node, self._task, item.attempt, item.previous, item.named)

    def _settle(self, item: Item, outcome: Outcome) -> None:
        step = self._task.step
        if step.guarded and self._state.admission is not None:
            self._state.admission.release(self._task)
        failure = outcome.failure or self._complete(item, outcome)
        if failure is not None:
            if failure.fatal:
                self._ends.stop(self._task, failure, outcome.finished)
            if failure.retryable and item.attempt < step.policy.attempts:
                self._retry(item, failure, outcome.finished)
            else:
                self._fail(item, failure, outcome.finished)
        self._go_on()

    def _go_on(self) -> None:
        """Queue for the next item, or end the task where all items have ended."""
        waiting, source, phase = self._waiting, self._source, self._phase
        if phase == ENDED:
            return
        fetching = source is not None and source.pending
        full = waiting.retries and waiting.full
        taking = phase == TAKING and not (fetching or full)
        if taking or waiting.held is not None or waiting.due:
            self.wake()
        elif phase == DRAINING and not (self._flying or fetching or waiting.retries):
            self._finish()

    def _complete(self, item: Item, outcome: Outcome) -> Failure | None:
        """Keep a result before anything depends on it."""
        value = outcome.value
        if isinstance(value, Context):
            value = value.storage
        results = self._results
        if results.kept or results.cache is not None:
            attempt = self._attempt(item)
            try:
                results.save(attempt, item.index, value, outcome.finished)
            except Exception as error:  # noqa: BLE001 - inputs and keys are user code
                # The step has run: to run it again would not mend the storage.
                return Failure.final(error)
        self._note(item.index, value)
        return None

    def _note(self, index: int, value: Any) -> None:
        self._results.note(index, value)
        self._progress.completed += 1
        if self._tell_item is not None:
            self._tell_item(self._task, index)

    def _known(self, item: Item) -> bool:
        """Take an item's result of an earlier run; True also where looking failed."""
        if item.attempt:
            return False
        attempt, index = self._attempt(item), item.index
        try:
            found = self._results.find(attempt, index, self._resuming)
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            self._fail(item, Failure.final(error), _now())
            return True
        if found is not None:
            self._progress.restored += 1
            self._note(index, found.storage)
        return found is not None

    def _admitted(self, item: Item) -> bool:
        """Tell whether limits and rates let an item start now; else it waits."""
        admission = self._state.admission
        wait = admission.ask(self._task) if admission is not None else 0.0
        if wait:
            self._waiting.hold(item, wait)
        return not wait

    def _retry(self, item: Item, failure: Failure, finished: float) -> None:
        task = self._task
        delay = task.step.policy.delay_after(item.attempt)
        self._failures.note(item, failure, finished)
        task.retry_count += 1
        self._progress.retried += 1
        event = events.ItemRetried(task, item.index, failure, delay, item.attempt)
        self._state.bus.emit(event)
        self._waiting.retry(item, delay)

    def _fail(self, item: Item, failure: Failure, finished: float) -> None:
        self._failures.note(item, failure, finished)
        self._failures.add(item, failure)
        self._progress.failed += 1
        if not self._state.keep_going:
            self.close()
        event = events.ItemFailed(self._task, item.index, failure, item.attempt)
        self._state.bus.emit(event)

    def _finish(self) -> None:
        state, task, node = self._state, self._task, self._node
        self._phase = ENDED
        self.close()
        self._waiting.forget()
        results, failures, finished = self._results, self._failures, _now()
        failure: Failure | None
        if failures:
            if state.keep_going:
                task.current_context = results.context(results.value(), finished)
            over, progress = self._mapping.over, self._progress
            failure = failures.summary(over, progress, results.count)
        else:
            failure = self._keep(task, Outcome(node, results.record(), None, finished))
        if failure is None:
            results.stored(finished)
            state.complete(node, task)
        else:
            self._ends.fail(node, task, failure, finished, failures.noted)
        results.release()
