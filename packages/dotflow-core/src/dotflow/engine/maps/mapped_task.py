"""`MappedTask`: a mapped task while it runs, as many attempts of one step."""

from __future__ import annotations

import time

from dotflow.engine.expanded import Expanded
from dotflow.engine.maps.item_failures import ItemFailures
from dotflow.engine.maps.item_values import ItemValues
from dotflow.engine.maps.open_source import open_source
from dotflow.engine.maps.waiting_items import WaitingItems
from dotflow.errors import StorageError
from dotflow.model import events
from dotflow.model.context import Context
from dotflow.model.items import ItemNode, MapProgress
from dotflow.model.outcome import Attempt, Failure, Outcome
from dotflow.types import TypeOutcome, TypeStatus

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


class MappedTask(Expanded):
    """A mapped task while it runs.

    Items are taken one at a time, when a slot is free, so a generator of a million of
    them is never in memory as a whole. What is kept of an item that has ended is its
    result.

    Args:
        state: Where the run stands.
        ends: How tasks end that do not complete.
        checkpoints: Where its results are stored and restored.
        cache: The kept results of steps; None where no step keeps any.
        node: The task's place in the graph.
        mapping: How it maps.
    """

    __slots__ = (
        "_ended", "_ends", "_exhausted", "_failures", "_flying", "_keep", "_mapping",
        "_node", "_progress", "_queued", "_results", "_resuming", "_source", "_state",
        "_task", "_tell_item", "_waiting",
    )  # fmt: skip

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
        self._ends = ends
        self._keep = checkpoints.keep
        self._resuming = checkpoints.resuming
        self._node = node
        self._mapping = mapping
        self._task = task = state.tasks[node]
        self._results = ItemValues(task, checkpoints, cache, mapping.spill)
        self._failures = ItemFailures(task)
        self._source: ItemSource | None = None
        self._flying: dict[int, Item] = {}
        self._waiting = WaitingItems(state, node)
        self._tell_item = state.bus.teller(events.ItemCompleted)
        self._queued = self._exhausted = self._ended = False
        task.mapped = self._progress = MapProgress()

    def advance(self) -> None:
        """Start the next item; see `Expanded.advance`."""
        self._queued = False
        if self._ended or (self._source is None and not self._begin()):
            return
        state = self._state
        if state.delayed:
            state.wake_delayed()
        item = self._take()
        if item is None:
            self._go_on()
            return
        if item.attempt == 0 and self._resuming and self._restored(item):
            self._go_on()
            return
        task = self._task
        if task.step.guarded and not self._admitted(item):
            return
        item.attempt += 1
        item.started = _now()
        outcome = state.executor.submit(self._attempt(item))
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
        if item is None:
            self._fetched(outcome)
        else:
            self._settle(item, outcome)

    def wake(self) -> None:
        """Stand in the ready queue, once; see `Expanded.wake`."""
        if not self._queued and not self._ended:
            self._queued = True
            self._state.ready.append(self._node)

    def close(self) -> None:
        """Let go of the items that are left; see `Expanded.close`."""
        self._take_no_more()

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
            failure = Failure.from_error(error, TypeOutcome.FAILED, ())
            self._ended = True
            self._ends.fail(self._node, task, failure, _now())
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
        if self._exhausted or self._source is None:
            return None
        try:
            return self._source.take()
        except StopIteration:
            self._exhausted = True
            self._progress.total = self._results.count
        except Exception as error:  # noqa: BLE001 - a generator is user code
            self._fail_source(Failure.from_error(error, TypeOutcome.FAILED, ()))
        return None

    def _fetched(self, outcome: Outcome) -> None:
        """Take note that an item was fetched, or could not be."""
        source: AsyncItemSource = self._source  # type: ignore[assignment]  # no other has any
        source.deliver(outcome.value)
        failure = outcome.failure
        if failure is not None:
            if failure.fatal:
                self._ends.stop(self._task, failure, outcome.finished)
            self._fail_source(failure)
        self._go_on()

    def _attempt(self, item: Item, number: int | None = None) -> Attempt:
        node = ItemNode(self._node, item.index)
        return Attempt(
            node, self._task, number or item.attempt, item.previous, item.named
        )

    def _settle(self, item: Item, outcome: Outcome) -> None:
        state, task = self._state, self._task
        step = task.step
        if step.guarded and state.admission is not None:
            state.admission.release(task)
        failure = outcome.failure
        if failure is None:
            failure = self._complete(item, outcome)
            if failure is not None:
                self._fail(item, failure, outcome.finished)
        elif failure.fatal:
            self._ends.stop(task, failure, outcome.finished)
        elif failure.retryable and item.attempt < step.policy.attempts:
            self._retry(item, failure, outcome.finished)
        else:
            self._fail(item, failure, outcome.finished)
        self._go_on()

    def _go_on(self) -> None:
        """Queue for the next item, or end the task where all items have ended."""
        if self._ended:
            return
        waiting, source = self._waiting, self._source
        pending = source is not None and source.pending
        taking = not (self._exhausted or pending)
        if waiting.retries:
            if waiting.held is not None or waiting.due or (taking and not waiting.full):
                self.wake()
        elif taking or waiting.held is not None:
            self.wake()
        elif self._exhausted and not (self._flying or pending):
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
                results.save(item.index, value, outcome.finished, attempt)
            except Exception as error:  # noqa: BLE001 - inputs and keys are user code
                # The step has run: to run it again would not mend the storage.
                return Failure.from_error(error, TypeOutcome.FAILED, ())
        self._note(item.index, value)
        return None

    def _note(self, index: int, value: Any) -> None:
        self._results.note(index, value)
        self._progress.completed += 1
        if self._tell_item is not None:
            self._tell_item(self._task, index)

    def _restored(self, item: Item) -> bool:
        """Take an item's result from the storage, if this run has it already."""
        try:
            stored = self._results.load(item.index)
        except StorageError as error:
            self._fail(item, Failure.from_error(error, TypeOutcome.FAILED, ()), _now())
            return True
        if stored is None:
            return False
        self._progress.restored += 1
        self._note(item.index, stored.storage)
        return True

    def _admitted(self, item: Item) -> bool:
        """Tell whether an item may start now: not if it is cached, or has to wait."""
        state, task = self._state, self._task
        if task.step.cache and item.attempt == 0 and self._cached(item):
            self._go_on()
            return False
        wait = state.admission.ask(task) if state.admission is not None else 0.0
        if wait:
            self._waiting.hold(item, wait)
        return not wait

    def _cached(self, item: Item) -> bool:
        cache = self._results.cache
        if cache is None:
            return False
        try:
            found = cache.find(self._attempt(item, 1))
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            self._fail(item, Failure.from_error(error, TypeOutcome.FAILED, ()), _now())
            return True
        if found is None:
            return False
        failure = self._complete(item, Outcome(0, found.storage, None, _now()))
        if failure is None:
            self._progress.restored += 1
        else:
            self._fail(item, failure, _now())
        return True

    def _retry(self, item: Item, failure: Failure, finished: float) -> None:
        state, task = self._state, self._task
        delay = task.step.policy.delay_after(item.attempt)
        self._failures.note(item, failure, finished)
        task.retry_count += 1
        self._progress.retried += 1
        state.bus.emit(
            events.ItemRetried(task, item.index, failure, delay, item.attempt)
        )
        self._waiting.retry(item, delay)

    def _fail(self, item: Item, failure: Failure, finished: float) -> None:
        self._failures.note(item, failure, finished)
        self._failures.add(item, failure)
        self._progress.failed += 1
        if not self._state.keep_going:
            self._take_no_more()  # what has begun goes on
        event = events.ItemFailed(self._task, item.index, failure, item.attempt)
        self._state.bus.emit(event)

    def _fail_source(self, failure: Failure) -> None:
        self._failures.add_source(failure)
        self._take_no_more()

    def _take_no_more(self) -> None:
        self._exhausted = True
        if self._source is not None:
            self._source.close()

    def _finish(self) -> None:
        state, task, node = self._state, self._task, self._node
        self._ended = True
        self._take_no_more()
        self._waiting.forget()
        results, finished = self._results, _now()
        failures = self._failures
        if failures:
            if state.keep_going:
                task.current_context = results.context(results.value(), finished)
            summary = failures.summary(
                self._mapping.over, self._progress, results.count
            )
            self._ends.fail(node, task, summary, finished, failures.noted)
        else:
            outcome = Outcome(node, results.record(), None, finished)
            failure = self._keep(task, outcome)
            if failure is None:
                results.stored(finished)
                state.complete(node, task)
            else:
                self._ends.fail(node, task, failure, finished)
        results.release()
