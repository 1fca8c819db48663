"""`MappedTask`: a mapped task while it runs, as many attempts of one step."""

from __future__ import annotations

import time

from dotflow.base.guard import STOPS
from dotflow.engine.expanded import Expanded
from dotflow.engine.lending import tell_changed
from dotflow.engine.maps.item_failures import ItemFailures
from dotflow.engine.maps.open_source import open_source
from dotflow.engine.maps.waiting_items import WaitingItems
from dotflow.errors import WorkerDied
from dotflow.model import events
from dotflow.model.checksum import checksum
from dotflow.model.items import ItemNode, MapProgress
from dotflow.model.outcome import Failure, Outcome
from dotflow.model.own import MAX_PICKLED, SMALL, changes, own, own_context, shell
from dotflow.model.task import Attempt
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.engine.maps.async_items import AsyncItemSource
    from dotflow.engine.maps.item_source import ItemSource
    from dotflow.engine.maps.item_values import ItemValues
    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds
    from dotflow.model.checksum import Checksum
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
        state, ends: As of a `Loop`.
        results: What its items come to.
        node: The task's place in the graph.
        mapping: How it maps.
    """

    __slots__ = (
        "_beside",
        "_checked",
        "_copies",
        "_ends",
        "_failures",
        "_flying",
        "_keep",
        "_knows",
        "_mapping",
        "_most",
        "_node",
        "_phase",
        "_progress",
        "_queued",
        "_results",
        "_shares",
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
        results: ItemValues,
        node: int,
        mapping: MapOver,
    ) -> None:
        self._state = state
        self._submit = state.executor.submit
        self._ends = ends
        self._keep = state.keep
        self._node = node
        self._mapping = mapping
        self._task = task = state.tasks[node]
        self._results = results
        self._knows = results.knows
        self._failures = ItemFailures(task)
        self._source: ItemSource | None = None
        self._flying: dict[int, Item] = {}
        self._waiting = WaitingItems(state, node)
        self._tell_item = state.bus.teller(events.ItemCompleted)
        self._phase = TAKING
        self._copies = self._shares = state.executor.shares
        # A further attempt needs the item as it was, whatever a copy takes.
        self._most = MAX_PICKLED if task.step.policy.attempts > 1 else SMALL
        self._beside: tuple[str, ...] = ()
        self._checked: list[tuple[str, Any, Checksum | None]] = []
        self._queued = False  # whether it stands in the loop's ready queue
        task.mapped = self._progress = MapProgress()

    def advance(self) -> None:
        """Start the next item, and more where no other task waits for a slot.

        See `Expanded.advance`. The way through the loop for each of them would be 10 % of
        an item that does nothing.
        """
        self._queued = False
        if self._phase == ENDED or (self._source is None and not self._begin()):
            return
        state, ready, slots = self._state, self._state.ready, self._state.executor.slots
        self._start_next()
        while self._queued and len(ready) == 1 and state.running < slots:
            if state.halted or state.control.reason is not None:
                return  # the loop knows what to do
            ready.clear()
            self._queued = False
            self._start_next()

    def _start_next(self) -> None:
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

    def keep(self, outcome: Outcome) -> bool:
        """Store the result of an item; see `Expanded.keep`."""
        index, results = outcome.node.index, self._results  # type: ignore[attr-defined]
        if index < 0 or not results.kept:
            return False
        value = results.result(index, outcome)
        if not outcome.stored:  # its worker has not
            results.keep(index, value, outcome.finished)
        return True

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
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - __iter__ is user code
            self._phase = ENDED
            self._ends.fail(self._node, task, Failure.final(error), _now())
            return False
        # What a generator gives is nobody else's, and there is one attempt to have it.
        self._copies = self._source.shared or task.step.policy.attempts > 1
        self._beside = self._source.beside
        if self._shares and self._beside:
            large = self._source.large_beside().items()
            self._checked = [(name, value, checksum(value)) for name, value in large]
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
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - a generator is user code
            self._failures.add_source(Failure.final(error))
            self.close()
        return None

    def _attempt(self, item: Item) -> Attempt:
        node = ItemNode(self._node, item.index)
        previous, named = item.previous, item.named
        if self._shares:
            # Many run at once, so each attempt has copies of what is small, which items
            # are; of what they all get beside, the map has one if it is large.
            value = previous.storage
            if self._copies and changes(value):
                previous = own_context(previous, self._most)
                mine = previous.storage
                named = {n: mine if v is value else v for n, v in named.items()}
            elif self._task.step.wants_previous:
                previous = shell(previous)
            for name in self._beside:
                named = {**named, name: own(named[name], SMALL)}
        outlet = self._state.outlet
        return Attempt(node, self._task, item.attempt, previous, named, None, outlet)

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
            if not self._queued:
                self.wake()
        elif phase == DRAINING and not (self._flying or fetching or waiting.retries):
            self._finish()

    def _complete(self, item: Item, outcome: Outcome) -> Failure | None:
        """Keep a result before anything depends on it."""
        results, step = self._results, self._task.step
        try:
            value = results.result(item.index, outcome)
            if results.cache is not None or (results.kept and not outcome.stored):
                results.save(item.index, value, outcome)
        except STOPS:
            raise
        except WorkerDied as error:
            return Failure.from_error(error, TypeOutcome.CRASHED, step.policy.retry_on)
        except BaseException as error:  # noqa: BLE001 - inputs and keys are user code
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
        """Take an item's result of an earlier run.

        True also where looking failed, or where it is computed elsewhere now.
        """
        if item.attempt:
            return False
        attempt, index = self._attempt(item), item.index
        try:
            found = self._results.find(attempt, index)
            if found is None and not self._results.begin(index):
                self._waiting.retry(item, self._results.ask_again)
                return True
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - inputs and keys are user code
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
            if not item.attempt:
                self._results.give_up(item.index)  # as in `Loop`
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
        self._results.give_up(item.index)
        self._progress.failed += 1
        if not self._state.keep_going:
            self.close()
        event = events.ItemFailed(self._task, item.index, failure, item.attempt)
        self._state.bus.emit(event)

    def _finish(self) -> None:
        state, task, node = self._state, self._task, self._node
        self._phase = ENDED
        self.close()
        for name, value, checked in self._checked:
            if checksum(value) != checked:
                tell_changed([task.name], "what its items get from", name)
        self._checked.clear()
        self._waiting.forget()
        results, failures, finished = self._results, self._failures, _now()
        failure: Failure | None
        if failures:
            if state.keep_going:
                task.current_context = results.whole(finished)
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
