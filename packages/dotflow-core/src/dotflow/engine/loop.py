"""`Engine`: the one loop that runs a graph, whatever the front end and the mode."""

from __future__ import annotations

import heapq
import time
from collections import deque

from dotflow.base.callbacks import basic_callback
from dotflow.engine.control import Control
from dotflow.engine.driver import drive, drive_async
from dotflow.engine.kept_results import KeptResults
from dotflow.engine.task_ends import TaskEnds, note_duration
from dotflow.model import events
from dotflow.model.attempt import Attempt
from dotflow.model.context import Context
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any

    from dotflow.abc.executor import AnyExecutor
    from dotflow.engine.expanded import Expanded
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.model.checkpoints import Checkpoints
    from dotflow.model.expansion import Expansion
    from dotflow.model.graph import Graph
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Task

_now = time.time
_IN_PROGRESS = TypeStatus.IN_PROGRESS
# The same text as a status and as an outcome.
_COMPLETED = TypeStatus.COMPLETED
_NOT_STARTED = TypeStatus.NOT_STARTED


class Engine:
    """Runs the tasks of a graph in the order of its edges.

    Args:
        graph: What to run.
        executor: Where attempts run.
        checkpoints: What is stored and restored.
        bus: Who is told.
        keep_going: Whether a task runs although the one before it has failed.
        max_parallel: The bound on attempts at once; None for the executor's own.
        control: Who may end the run early.
        admission: The limits and rates of steps; None where no step has one.
        cache: The kept results of steps; None where no step keeps any.

    Attributes:
        graph: What it runs.
        tasks: The tasks by node.
        executor: Where attempts run.
        bus: Who is told.
        clock: What it goes by.
        admission: The limits and rates of steps, or None.
        keep_going: Whether a task runs although the one before it has failed.
        resuming: Whether tasks may have a stored result to restore.
        kept: The results that are kept: in the storage, in the cache.
        ends: How tasks end that do not complete.
        ready: The nodes that can start, in their order.
        delayed: The nodes that wait for a moment of the clock: a heap of both.
        running: How many attempts are in flight.
        halted: Whether nothing new begins, since a task has failed.
        expanded: The tasks with an expansion that have begun, by node.
    """

    def __init__(
        self,
        graph: Graph,
        executor: AnyExecutor,
        checkpoints: Checkpoints,
        bus: events.EventBus,
        keep_going: bool = False,
        max_parallel: int | None = None,
        control: Control | None = None,
        admission: Admission | None = None,
        cache: ResultCache | None = None,
    ) -> None:
        self.graph = graph
        self.tasks = graph.tasks
        self.executor = executor
        self.bus = bus
        self.control = control or Control()
        self.clock = self.control.clock
        self.admission = admission
        if admission is not None:
            admission.clock = self.clock
        self.keep_going = keep_going
        self.resuming = checkpoints.resuming
        self.ready = deque(
            node for node, upstream in enumerate(graph.upstream) if not upstream
        )
        self.delayed: list[tuple[float, int]] = []
        self.running = 0
        self.halted = False
        self.expanded: dict[int, Expanded] = {}
        self.kept = KeptResults(self, checkpoints, cache)
        self.ends = TaskEnds(self)
        self.submit = executor.submit
        self._keep = self.kept.keep
        self._max_parallel = max_parallel
        self._waiting = [len(upstream) for upstream in graph.upstream]
        self._upstream = graph.upstream
        self._downstream = graph.downstream
        self._on_started = bus.listeners(events.TaskStarted)
        self._on_completed = bus.listeners(events.TaskCompleted)

    def run(self) -> None:
        """Run every task that can run, waiting in this thread.

        Raises:
            KeyboardInterrupt: The run was interrupted; what ran is marked Cancelled.
            SystemExit: A task has asked for the end of the program.
            DotflowError: The executor cannot run these tasks; none has run.
        """
        drive(self, self._max_parallel)

    async def run_async(self) -> None:
        """Run every task that can run, waiting in the running event loop.

        Raises:
            As `run`; and CancelledError where the coroutine was cancelled.
        """
        await drive_async(self, self._max_parallel)

    def steps(self) -> Generator[float | None, list[Outcome], None]:
        """Run the loop itself, without the waiting.

        It yields the longest time to wait in seconds, None for no bound, and is sent
        the outcomes that came in meanwhile. So one loop serves a thread that blocks and
        an event loop that must not.
        """
        while True:
            self._start_ready()
            if not self.running and not self.delayed:
                return
            for outcome in (yield self.control.bound(self._next_delay())):
                self.running -= 1
                self._settle(outcome)
            self.control.check()
            self.wake_delayed()

    def _start_ready(self) -> None:
        ready, slots = self.ready, self.executor.slots
        control = self.control
        while ready and self.running < slots:
            if control.reason is not None:
                control.check()
            node = ready.popleft()
            # A task that has begun may go on with its further attempts.
            if not self.halted or self.tasks[node].attempt:
                self._start(node)

    def _start(self, node: int) -> None:
        task = self.tasks[node]
        if task.expansion is not None:
            self._advance(node, task, task.expansion)
            return
        previous, named = self.inputs(node, task)
        task.previous = previous
        if self.resuming and task.attempt == 0 and self.kept.restore(node, task):
            return
        if task.step.guarded and not self._admit(node, task, previous, named):
            return
        task.attempt += 1
        task.status = _IN_PROGRESS
        task.attempt_started = started = _now()
        if task.started is None:
            task.started = started
        if self._on_started:
            event = events.TaskStarted(task)
            for listener in self._on_started:
                listener(event)
        outcome = self.submit(Attempt(node, task, task.attempt, previous, named))
        if outcome is None:
            self.running += 1
        else:
            self._settle(outcome)

    def _advance(self, node: int, task: Task, expansion: Expansion) -> None:
        """Go on with a task that is more than one attempt."""
        expanded = self.expanded.get(node)
        if expanded is None:
            task.previous = self.inputs(node, task)[0]
            if self.resuming and self.kept.restore(node, task):
                return
            from dotflow.engine.expand import begin

            expanded = self.expanded[node] = begin(self, node, expansion)
        expanded.advance()

    def _admit(
        self, node: int, task: Task, previous: Context, named: dict[str, Any] | None
    ) -> bool:
        """Tell whether an attempt is to start now: not if it is cached, or must wait."""
        if task.step.cache and task.attempt == 0:
            attempt = Attempt(node, task, 1, previous, named)
            if self.kept.found_in_cache(attempt):
                return False
        wait = self.admission.ask(task) if self.admission is not None else 0.0
        if wait:
            self.delay(node, wait)
        return not wait

    def inputs(self, node: int, task: Task) -> tuple[Context, dict[str, Any] | None]:
        """Return the previous context and, for explicit edges, the values by name."""
        upstream = self._upstream[node]
        if task.depends_on is None:
            if not upstream:
                return Context.of_task(None, "", None, _now()), None
            return self.tasks[upstream[0]].current_context, None
        contexts = {
            self.tasks[up].name: self.tasks[up].current_context for up in upstream
        }
        if task.parent is not None:
            contexts = {task.local_name(name): contexts[name] for name in contexts}
        named = {name: context.storage for name, context in contexts.items()}
        if len(upstream) == 1:
            return self.tasks[upstream[0]].current_context, named
        return Context(storage=named or None), named

    def _settle(self, outcome: Outcome) -> None:
        """Take note of the end of an attempt."""
        node = outcome.node
        task = self.tasks[node]
        if task.expansion is not None:
            self.expanded[node].settle(outcome)
            return
        failure = outcome.failure
        if task.step.guarded and self.admission is not None:
            self.admission.release(task)
        if failure is None:
            failure = self._keep(task, outcome)
            if failure is None and task.step.cache:
                failure = self.kept.keep_in_cache(node, task)
            if failure is None:
                self.complete(node, task)
                return
        elif failure.fatal:
            self.ends.stop(task, failure, outcome.finished)
        if failure.retryable and task.attempt < task.step.policy.attempts:
            self.ends.retry(node, task, failure, outcome.finished)
        else:
            self.ends.fail(node, task, failure, outcome.finished)

    def complete(self, node: int, task: Task) -> None:
        """Take note that a task has a result, and that the storage holds it."""
        task.status = task.outcome = _COMPLETED
        note_duration(task)
        if self._on_completed:
            event = events.TaskCompleted(task)
            for listener in self._on_completed:
                listener(event)
        if task.callback is not basic_callback:
            self.ends.call_back(task)
        self.release(self._downstream[node])

    def release(self, nodes: Iterable[int]) -> None:
        """Take note that a task upstream of these nodes has ended."""
        waiting, tasks = self._waiting, self.tasks
        for below in nodes:
            waiting[below] -= 1
            if not waiting[below] and tasks[below].status == _NOT_STARTED:
                self.ready.append(below)

    def delay(self, node: int, seconds: float) -> float:
        """Have a node go on after a time, and return the moment."""
        due = self.clock.monotonic() + seconds
        heapq.heappush(self.delayed, (due, node))
        return due

    def wake_delayed(self) -> None:
        """Have those nodes go on whose time has come."""
        now = self.clock.monotonic()
        while self.delayed and self.delayed[0][0] <= now:
            node = heapq.heappop(self.delayed)[1]
            if node in self.expanded:
                self.expanded[node].wake()
            else:
                self.ready.append(node)

    def _next_delay(self) -> float | None:
        if not self.delayed:
            return None
        due, until = self.delayed[0][0], self.control.until
        if until is not None and until < due:
            due = until
        return self.clock.until(due, not self.running)
