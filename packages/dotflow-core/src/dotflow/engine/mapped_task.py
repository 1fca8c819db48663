"""`MappedTask`: a mapped task while it runs, as many attempts of one step."""

from __future__ import annotations

import heapq
import time

from dotflow.core.action import Action
from dotflow.core.context import Context
from dotflow.core.exception import StorageError
from dotflow.core.types import TypeOutcome, TypeStatus
from dotflow.engine import events
from dotflow.engine.attempt import Attempt
from dotflow.engine.expansion import Expanded
from dotflow.engine.item_results import ItemResults
from dotflow.engine.items import Item, ItemNode, MapProgress
from dotflow.engine.mapping import refusal
from dotflow.engine.outcome import Failure, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dotflow.engine.loop import Engine
    from dotflow.engine.mapping import Mapping

_now = time.time
# No more items are taken while so many wait for another attempt: each is in memory.
MAX_WAITING = 1000
# A map may have a million failures, and each would be kept with its traceback.
MAX_ERRORS = 100


class MappedTask(Expanded):
    """A mapped task while it runs.

    Items are taken one at a time, when a slot is free, so a generator of a million of
    them is never in memory as a whole. What is kept of an item that has ended is its
    result.

    Args:
        engine: The engine that runs it.
        node: The task's place in the graph.
        mapping: How it maps.
    """

    __slots__ = (
        "_asleep", "_ended", "_engine", "_exhausted", "_flying", "_held", "_item_names",
        "_items", "_mapping", "_named", "_node", "_progress", "_queued", "_results",
        "_retries", "_source", "_task", "_trouble", "_wants_index",
    )  # fmt: skip

    def __init__(self, engine: Engine, node: int, mapping: Mapping) -> None:
        self._engine = engine
        self._node = node
        self._mapping = mapping
        self._task = task = engine._tasks[node]
        self._results = ItemResults(task, engine._checkpoints, mapping.spill)
        self._items: Iterator[Any] | None = None
        self._source = Context()
        # What further tasks upstream give by name, and the names that items have.
        self._named: dict[str, Any] = {}
        self._item_names: tuple[str, ...] = ()
        self._wants_index = False
        self._flying: dict[int, Item] = {}
        self._retries: list[tuple[float, int, Item]] = []
        # An item that a limit or a rate has refused; nothing else starts meanwhile.
        self._held: Item | None = None
        self._asleep = 0.0
        self._queued = self._exhausted = self._ended = False
        # What the task fails with: an item's place, or None for the source itself.
        self._trouble: tuple[int | None, Failure] | None = None
        task.mapped = self._progress = MapProgress()

    def advance(self) -> None:
        """Start the next item; see `Expanded.advance`."""
        self._queued = False
        if self._ended or (self._items is None and not self._begin()):
            return
        engine = self._engine
        if engine._delayed:
            engine._wake_delayed()
        item = self._take()
        if item is None:
            self._go_on()
            return
        if item.attempt == 0 and engine._resuming and self._restored(item):
            self._go_on()
            return
        task = self._task
        if task._step.guarded and not self._admitted(item):
            return
        item.attempt += 1
        item.started = _now()
        outcome = engine._submit(self._attempt(item))
        if outcome is None:
            engine._running += 1
            self._flying[item.index] = item
            self._go_on()
        else:
            self._settle(item, outcome)

    def settle(self, outcome: Outcome) -> None:
        """Take note of the end of an item's attempt; see `Expanded.settle`."""
        self._settle(self._flying.pop(outcome.node.index), outcome)  # type: ignore[attr-defined]  # it is an ItemNode

    def wake(self) -> None:
        """Stand in the ready queue, once; see `Expanded.wake`."""
        if not self._queued and not self._ended:
            self._queued = True
            self._engine._ready.append(self._node)

    def _begin(self) -> bool:
        """Look at what there is to map over; False where the task has failed."""
        engine, task, over = self._engine, self._task, self._mapping.over
        task.attempt = 1
        task.status = TypeStatus.IN_PROGRESS
        task._started = task._attempt_started = _now()
        engine._bus.emit(events.TaskStarted(task))
        upstream = engine._upstream[self._node]
        node = next(up for up in upstream if engine._tasks[up].name == over)
        source, name = engine._tasks[node], task.local_name(over)
        self._source = source.current_context
        values = self._source.storage
        shared = len(engine._downstream[node]) > 1
        problem = refusal(task, source, values, shared)
        if problem is None:
            try:
                self._items = iter(values)
            except Exception as error:  # noqa: BLE001 - __iter__ is user code
                problem = error
        if problem is not None:
            failure = Failure.from_error(problem, TypeOutcome.FAILED, ())
            self._ended = True
            engine._fail(self._node, task, failure, _now())
            return False
        if hasattr(values, "__len__"):
            self._progress.total = len(values)
        self._named = dict(engine._inputs(self._node, task)[1] or {})
        self._item_names = (name, "item")
        self._wants_index = True
        if type(task._step) is Action:  # it tells what it takes of all these
            wanted = task._step.injects
            self._named = {k: self._named[k] for k in self._named if k in wanted}
            self._item_names = tuple(n for n in self._item_names if n in wanted)
            self._wants_index = "index" in wanted
        return True

    def _take(self) -> Item | None:
        """Return the item to start now, None where there is none."""
        if self._held is not None:
            item, self._held = self._held, None
            return item
        retries = self._retries
        if retries:
            if retries[0][0] <= self._engine._clock.monotonic():
                return heapq.heappop(retries)[2]
            if len(retries) >= MAX_WAITING:
                return None
        if self._exhausted or self._items is None:
            return None
        try:
            value = next(self._items)
        except StopIteration:
            self._exhausted = True
            self._progress.total = self._results.count
            return None
        except Exception as error:  # noqa: BLE001 - a generator is user code
            self._fail_source(error)
            return None
        index = self._results.place()
        source = self._source
        if isinstance(value, Context):
            value = value.storage
        named = self._named.copy()
        for name in self._item_names:
            named[name] = value
        if self._wants_index:
            named["index"] = index
        previous = Context.of_task(
            value,
            source.task_id or "",
            source.workflow_id,
            source._time,  # type: ignore[arg-type]  # either form of a time will do
            source.run_id,
        )
        return Item(index, previous, named)

    def _attempt(self, item: Item, number: int | None = None) -> Attempt:
        node = ItemNode(self._node, item.index)
        return Attempt(
            node, self._task, number or item.attempt, item.previous, item.named
        )

    def _settle(self, item: Item, outcome: Outcome) -> None:
        engine, task = self._engine, self._task
        step = task._step
        if step.guarded and engine._admission is not None:
            engine._admission.release(task)
        failure = outcome.failure
        if failure is None:
            failure = self._complete(item, outcome)
            if failure is not None:
                self._fail(item, failure, outcome.finished)
        elif failure.fatal:
            engine._stop(task, failure, outcome.finished)
        elif failure.retryable and item.attempt < step.policy.attempts:
            self._retry(item, failure, outcome.finished)
        else:
            self._fail(item, failure, outcome.finished)
        self._go_on()

    def _go_on(self) -> None:
        """Queue for the next item, or end the task where all items have ended."""
        if self._ended:
            return
        retries = self._retries
        due = retries and retries[0][0] <= self._engine._clock.monotonic()
        more = not self._exhausted and len(retries) < MAX_WAITING
        if self._held is not None or due or more:
            self.wake()
        elif self._exhausted and not retries and not self._flying:
            self._finish()

    def _complete(self, item: Item, outcome: Outcome) -> Failure | None:
        """Keep a result before anything depends on it."""
        value = outcome.value
        if isinstance(value, Context):
            value = value.storage
        engine, results = self._engine, self._results
        cache = engine._cache if self._task._step.cache else None
        if results.kept or cache is not None:
            context = results.context(value, outcome.finished)
            try:
                if results.kept:
                    results.save(item.index, context)
                if cache is not None and item.attempt:
                    cache.keep(self._attempt(item), context)
            except Exception as error:  # noqa: BLE001 - inputs and keys are user code
                # The step has run: to run it again would not mend the storage.
                return Failure.from_error(error, TypeOutcome.FAILED, ())
        self._note(item.index, value)
        return None

    def _note(self, index: int, value: Any) -> None:
        self._results.note(index, value)
        self._progress.completed += 1
        if self._engine._on_item:
            event = events.ItemCompleted(self._task, index)
            for listener in self._engine._on_item:
                listener(event)

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
        engine, task = self._engine, self._task
        if task._step.cache and item.attempt == 0 and self._cached(item):
            self._go_on()
            return False
        wait = engine._admission.ask(task) if engine._admission is not None else 0.0
        if wait:
            self._held = item
            now = engine._clock.monotonic()
            # Every item that ends asks again, so one entry at a time is enough.
            if self._asleep <= now:
                self._asleep = now + wait
                heapq.heappush(engine._delayed, (self._asleep, self._node))
        return not wait

    def _cached(self, item: Item) -> bool:
        cache = self._engine._cache
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
        engine, task = self._engine, self._task
        delay = task._step.policy.delay_after(item.attempt)
        self._note_error(item, failure, finished)
        task.retry_count += 1
        self._progress.retried += 1
        engine._bus.emit(events.ItemRetried(task, item.index, failure, delay))
        due = engine._clock.monotonic() + delay
        heapq.heappush(self._retries, (due, item.index, item))
        heapq.heappush(engine._delayed, (due, self._node))

    def _fail(self, item: Item, failure: Failure, finished: float) -> None:
        self._note_error(item, failure, finished)
        self._progress.failed += 1
        if self._trouble is None:
            self._trouble = (item.index, failure)
        if not self._engine._keep_going:
            self._exhausted = True  # what has begun goes on, nothing else begins
        event = events.ItemFailed(self._task, item.index, failure)
        self._engine._bus.emit(event)

    def _fail_source(self, error: Exception) -> None:
        self._exhausted = True
        failure = Failure.from_error(error, TypeOutcome.FAILED, ())
        self._trouble = (None, failure)

    def _note_error(self, item: Item, failure: Failure, finished: float) -> None:
        errors = self._task.errors
        if len(errors) >= MAX_ERRORS:
            return
        from dotflow.core.task import TaskError

        error = TaskError.from_failure(failure, item.attempt)
        error.index = item.index
        error.message = f"item {item.index}: {failure.message}"
        error.started, error.finished = item.started or None, finished
        errors.append(error)

    def _finish(self) -> None:
        engine, task, node = self._engine, self._task, self._node
        self._ended = True
        self._items = None
        self._forget_waits()
        results, finished = self._results, _now()
        if self._trouble is not None:
            if engine._keep_going:
                task.current_context = results.context(results.value(), finished)
            noted = self._trouble[0] is not None
            engine._fail(node, task, self._summary(), finished, noted)
        else:
            outcome = Outcome(node, results.record(), None, finished)
            failure = engine._keep(task, outcome)
            if failure is None:
                results.stored(finished)
                engine._complete(node, task)
            else:
                engine._fail(node, task, failure, finished)
        results.release()

    def _forget_waits(self) -> None:
        """Take back what asks the engine to wait on behalf of this task."""
        delayed = self._engine._delayed
        if delayed:
            delayed[:] = [entry for entry in delayed if entry[1] != self._node]
            heapq.heapify(delayed)

    def _summary(self) -> Failure:
        """Return what the task as a whole fails with."""
        assert self._trouble is not None
        index, first = self._trouble
        if index is None:
            name = self._mapping.over
            text = f"The items of task '{name}' ended with {first.exception}: "
        else:
            failed, total = self._progress.failed, self._progress.total
            of = f"{failed} of {self._results.count if total is None else total} items failed"
            text = f"{of}; item {index}: "
        summary = Failure(
            first.kind, first.exception, text + first.message, first.traceback
        )
        summary.error, summary.retryable = first.error, False
        return summary
