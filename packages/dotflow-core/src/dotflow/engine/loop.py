"""`Engine`: the one loop that runs a graph, whatever the front end and the mode."""

from __future__ import annotations

import heapq
import time
from collections import deque
from functools import partial

from dotflow.abc.executor import AnyExecutor, AsyncExecutor, Executor
from dotflow.core.callbacks import basic_callback
from dotflow.core.context import Context
from dotflow.core.exception import StorageError
from dotflow.core.types import TypeOutcome, TypeStatus
from dotflow.engine import events
from dotflow.engine.attempt import Attempt
from dotflow.engine.clock import current_clock
from dotflow.engine.control import Control, RunCancelled
from dotflow.engine.outcome import Failure, Outcome
from dotflow.engine.timeout import finished_value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from dotflow.core.task import Task
    from dotflow.engine.admission import Admission
    from dotflow.engine.cache import ResultCache
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.expansion import Expanded, Expansion
    from dotflow.engine.graph import Graph

_now = time.time
_IN_PROGRESS = TypeStatus.IN_PROGRESS
# The same text as a status and as an outcome.
_COMPLETED = TypeStatus.COMPLETED
_NOT_STARTED = TypeStatus.NOT_STARTED


# What `_advance` returns when the loop has ended; None is a wait without bound.
DONE: Any = object()


def _advance(steps: Generator[Any, Any, None], outcomes: list[Outcome]) -> Any:
    try:
        return steps.send(outcomes)
    except StopIteration:
        return DONE


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
        self._clock = current_clock()
        self._control = control or Control()
        self._admission = admission
        self._cache = cache
        self._graph = graph
        self._tasks = graph.tasks
        self._executor = executor
        self._checkpoints = checkpoints
        self._bus = bus
        self._keep_going = keep_going
        self._max_parallel = max_parallel
        self._waiting = [len(upstream) for upstream in graph.upstream]
        self._ready = deque(
            node for node, count in enumerate(self._waiting) if not count
        )
        self._delayed: list[tuple[float, int]] = []
        self._running = 0
        self._halted = False
        self._upstream = graph.upstream
        self._downstream = graph.downstream
        self._submit = executor.submit
        self._resuming = checkpoints.resuming
        self._on_started = bus.listeners(events.TaskStarted)
        self._on_completed = bus.listeners(events.TaskCompleted)
        self._on_item = bus.listeners(events.ItemCompleted)
        # The tasks with an expansion that have begun, by node.
        self._expanded: dict[int, Expanded] = {}

    def run(self) -> None:
        """Run every task that can run, waiting in this thread.

        Raises:
            KeyboardInterrupt: The run was interrupted; what ran is marked Cancelled.
            SystemExit: A task has asked for the end of the program.
            DotflowError: The executor cannot run these tasks; none has run.
        """
        executor = self._executor
        if not isinstance(executor, Executor):
            finished_value(self.run_async())
            return
        executor.open(self._tasks, self._max_parallel)
        try:
            if executor.blocks:
                self._control.watch(partial(executor.interrupt, RunCancelled))
            steps = self._steps()
            wait = next(steps, DONE)
            while wait is not DONE:
                wait = _advance(steps, executor.wait(wait))
        except BaseException as error:
            self._abort(error)
            raise
        finally:
            self._control.end()
        executor.close()

    async def run_async(self) -> None:
        """Run every task that can run, waiting in the running event loop.

        Raises:
            As `run`; and CancelledError where the coroutine was cancelled.
        """
        executor = self._executor
        if not isinstance(executor, AsyncExecutor):
            raise TypeError(f"{type(executor).__name__} cannot wait in an event loop.")
        executor.open(self._tasks, self._max_parallel)
        try:
            steps = self._steps()
            wait = next(steps, DONE)
            while wait is not DONE:
                wait = _advance(steps, await executor.wait(wait))
        except BaseException as error:
            await executor.close(kill=True)
            self._abort(error)
            raise
        await executor.close()

    def _abort(self, error: BaseException) -> None:
        """Stop what runs and mark it, when the run cannot go on."""
        try:
            if isinstance(self._executor, Executor):
                self._executor.close(kill=True)
        finally:
            self._cancel_running(error)

    def _steps(self) -> Generator[float | None, list[Outcome], None]:
        """The loop itself, without the waiting.

        It yields the longest time to wait in seconds, None for no bound, and is sent
        the outcomes that came in meanwhile. So one loop serves a thread that blocks and
        an event loop that must not.
        """
        while True:
            self._start_ready()
            if not self._running and not self._delayed:
                return
            for outcome in (yield self._control.bound(self._next_delay())):
                self._running -= 1
                self._settle(outcome)
            self._control.check()
            self._wake_delayed()

    def _start_ready(self) -> None:
        ready, slots = self._ready, self._executor.slots
        control = self._control
        while ready and self._running < slots:
            if control.reason is not None:
                control.check()
            node = ready.popleft()
            # A task that has begun may go on with its further attempts.
            if not self._halted or self._tasks[node].attempt:
                self._start(node)

    def _start(self, node: int) -> None:
        task = self._tasks[node]
        if task.expansion is not None:
            self._advance(node, task, task.expansion)
            return
        previous, named = self._inputs(node, task)
        task._previous_context = previous
        if self._resuming and task.attempt == 0 and self._settled_before(node, task):
            return
        if task._step.guarded and not self._admit(node, task, previous, named):
            return
        task.attempt += 1
        task.status = _IN_PROGRESS
        task._attempt_started = started = _now()
        if task._started is None:
            task._started = started
        if self._on_started:
            event = events.TaskStarted(task)
            for listener in self._on_started:
                listener(event)
        outcome = self._submit(Attempt(node, task, task.attempt, previous, named))
        if outcome is None:
            self._running += 1
        else:
            self._settle(outcome)

    def _advance(self, node: int, task: Task, expansion: Expansion) -> None:
        """Go on with a task that is more than one attempt."""
        expanded = self._expanded.get(node)
        if expanded is None:
            task._previous_context = self._inputs(node, task)[0]
            if self._resuming and self._settled_before(node, task):
                return
            expanded = self._expanded[node] = expansion.open(self, node)
        expanded.advance()

    def _admit(
        self, node: int, task: Task, previous: Context, named: dict[str, Any] | None
    ) -> bool:
        """Tell whether an attempt is to start now: not if it is cached, or must wait."""
        if task._step.cache and task.attempt == 0:
            attempt = Attempt(node, task, 1, previous, named)
            if self._found_in_cache(attempt):
                return False
        wait = self._admission.ask(task) if self._admission is not None else 0.0
        if wait:
            heapq.heappush(self._delayed, (self._clock.monotonic() + wait, node))
        return not wait

    def _found_in_cache(self, attempt: Attempt) -> bool:
        """Complete a task with a kept result; True also where looking for it failed."""
        if self._cache is None:
            return False
        task = attempt.task
        try:
            found = self._cache.find(attempt)
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            failure = Failure.from_error(error, TypeOutcome.FAILED, ())
            self._fail(attempt.node, task, failure, _now())
            return True
        if found is None:
            return False
        failure_to_keep = self._keep(
            task, Outcome(attempt.node, found.storage, None, _now())
        )
        if failure_to_keep is not None:
            self._fail(attempt.node, task, failure_to_keep, _now())
            return True
        task.cached = True
        task.status = _COMPLETED
        task.outcome = TypeOutcome.COMPLETED
        self._bus.emit(events.TaskRestored(task))
        self._call_back(task)
        self._release(attempt.node)
        return True

    def _settled_before(self, node: int, task: Task) -> bool:
        """Restore a task from the storage, if an earlier run has completed it."""
        try:
            stored = self._checkpoints.load(task)
        except StorageError as error:
            failure = Failure.from_error(error, TypeOutcome.FAILED, ())
            self._fail(node, task, failure, _now())
            return True
        if stored is None:
            return False
        if task.expansion is not None:
            stored = task.expansion.revive(task, stored, self._checkpoints)
        self._restore(node, task, stored)
        return True

    def _inputs(self, node: int, task: Task) -> tuple[Context, dict[str, Any] | None]:
        """Return the previous context and, for explicit edges, the values by name."""
        upstream = self._upstream[node]
        if task.depends_on is None:
            if not upstream:
                return Context.of_task(None, "", None, _now()), None
            return self._tasks[upstream[0]].current_context, None
        contexts = {
            self._tasks[up].name: self._tasks[up].current_context for up in upstream
        }
        if task.parent is not None:
            contexts = {task.local_name(name): contexts[name] for name in contexts}
        named = {name: context.storage for name, context in contexts.items()}
        if len(upstream) == 1:
            return self._tasks[upstream[0]].current_context, named
        return Context(storage=named or None), named

    def _settle(self, outcome: Outcome) -> None:
        """Take note of the end of an attempt."""
        task = self._tasks[outcome.node]
        if task.expansion is not None:
            self._expanded[outcome.node].settle(outcome)
            return
        failure = outcome.failure
        if task._step.guarded and self._admission is not None:
            self._admission.release(task)
        if failure is None:
            failure = self._keep(task, outcome)
            if failure is None and task._step.cache:
                failure = self._keep_in_cache(outcome.node, task)
            if failure is None:
                self._complete(outcome.node, task)
                return
        elif failure.fatal:
            self._stop(task, failure, outcome.finished)
        if failure.retryable and task.attempt < task.step.policy.attempts:
            self._retry(outcome.node, task, failure, outcome.finished)
        else:
            self._fail(outcome.node, task, failure, outcome.finished)

    def _keep(self, task: Task, outcome: Outcome) -> Failure | None:
        """Store a result before anything depends on it."""
        context = Context.of_task(
            outcome.value,
            task._task_id or task.task_id,
            task.workflow_id,
            outcome.finished,
            self._checkpoints.run_id,
        )
        try:
            self._checkpoints.save(task, context)
        except StorageError as error:
            # The step has run: to run it again would not mend the storage.
            return Failure.from_error(error, TypeOutcome.FAILED, ())
        task._current_context = context
        task._finished = outcome.finished
        return None

    def _keep_in_cache(self, node: int, task: Task) -> Failure | None:
        if self._cache is None:
            return None
        previous, named = self._inputs(node, task)
        attempt = Attempt(node, task, task.attempt, previous, named)
        try:
            self._cache.keep(attempt, task.current_context)
        except Exception as error:  # noqa: BLE001 - inputs and keys are user code
            return Failure.from_error(error, TypeOutcome.FAILED, ())
        return None

    def _complete(self, node: int, task: Task) -> None:
        task.status = task.outcome = _COMPLETED
        self._note_duration(task)
        if self._on_completed:
            event = events.TaskCompleted(task)
            for listener in self._on_completed:
                listener(event)
        if task._callback is not basic_callback:
            self._call_back(task)
        self._release(node)

    def _restore(self, node: int, task: Task, stored: Context) -> None:
        task._current_context = stored
        task.restored = True
        task.status = TypeStatus.COMPLETED
        task.outcome = TypeOutcome.COMPLETED
        self._bus.emit(events.TaskRestored(task))
        self._release(node)

    def _retry(self, node: int, task: Task, failure: Failure, finished: float) -> None:
        delay = task.step.policy.delay_after(task.attempt)
        self._note_error(task, failure, finished)
        task.retry_count += 1
        task.status = TypeStatus.RETRY
        self._bus.emit(events.TaskRetried(task, failure, delay))
        heapq.heappush(self._delayed, (self._clock.monotonic() + delay, node))

    def _fail(
        self,
        node: int,
        task: Task,
        failure: Failure,
        finished: float,
        noted: bool = False,
    ) -> None:
        """End a task that has failed; `noted` where its errors tell of it already."""
        if not noted:
            self._note_error(task, failure, finished)
        task.status = TypeStatus.FAILED
        task.outcome = failure.kind
        task.reason = failure.message
        task._finished = finished
        self._note_duration(task)
        self._bus.emit(events.TaskFailed(task, failure))
        self._call_back(task)
        self._halted = self._halted or (self._graph.explicit and not self._keep_going)
        for below in self._graph.downstream[node]:
            if self._tasks[below].depends_on is not None:
                self._skip(below, f"upstream task '{task.name}' failed")
            elif self._keep_going:
                self._release_one(below)

    def _skip(self, node: int, reason: str) -> None:
        """Mark a task, and all that explicitly depends on it, as never to run."""
        pending = [node]
        while pending:
            current = pending.pop()
            task = self._tasks[current]
            if task.status != TypeStatus.NOT_STARTED:
                continue
            if task.expansion is not None:
                failure = task.expansion.failure_within(task, self._tasks)
                if failure is not None:
                    self._bus.emit(events.TaskStarted(task))
                    self._fail(current, task, failure, _now())
                    continue
            task.status = TypeStatus.SKIPPED
            task.outcome = TypeOutcome.SKIPPED
            task.reason = reason
            self._bus.emit(events.TaskSkipped(task))
            for below in self._graph.downstream[current]:
                if self._tasks[below].depends_on is not None:
                    pending.append(below)
                elif self._keep_going:
                    self._release_one(below)

    def _release(self, node: int) -> None:
        waiting, tasks = self._waiting, self._tasks
        for below in self._downstream[node]:
            waiting[below] -= 1
            if not waiting[below] and tasks[below].status == _NOT_STARTED:
                self._ready.append(below)

    def _release_one(self, node: int) -> None:
        self._waiting[node] -= 1
        if (
            not self._waiting[node]
            and self._tasks[node].status == TypeStatus.NOT_STARTED
        ):
            self._ready.append(node)

    def _stop(self, task: Task, failure: Failure, finished: float) -> None:
        """End the whole run: a task was interrupted, or asked for the program's end."""
        self._note_end(task, failure, finished)
        raise failure.error if failure.error is not None else KeyboardInterrupt

    def _cancel_running(self, error: BaseException) -> None:
        """Mark what was in flight, or waited for another attempt, as cancelled."""
        for task in self._tasks:
            if task.status in (_IN_PROGRESS, TypeStatus.RETRY) or (
                task.expansion is not None
                and task.expansion.cancelled_within(task, self._tasks)
            ):
                reason = self._control.reason
                why = "" if reason is None else f": {reason}"
                failure = Failure(
                    TypeOutcome.CANCELLED,
                    type(error).__name__,
                    f"The run was ended while the task was running{why}.",
                )
                self._note_end(task, failure, _now())

    def _note_end(self, task: Task, failure: Failure, finished: float) -> None:
        self._note_error(task, failure, finished)
        cancelled = failure.kind == TypeOutcome.CANCELLED
        task.status = TypeStatus.CANCELLED if cancelled else TypeStatus.FAILED
        task.outcome = failure.kind
        task.reason = failure.message
        task._finished = finished
        self._note_duration(task)
        event = events.TaskCancelled if cancelled else events.TaskFailed
        self._bus.emit(event(task, failure))
        self._call_back(task)

    def _note_error(self, task: Task, failure: Failure, finished: float) -> None:
        from dotflow.core.task import TaskError

        error = TaskError.from_failure(failure, task.attempt)
        error.started, error.finished = task._attempt_started, finished
        task.errors.append(error)

    @staticmethod
    def _note_duration(task: Task) -> None:
        if task._started is not None and task._finished is not None:
            duration = task._finished - task._started
            # The clock may have been set back meanwhile.
            task.duration = duration if duration > 0 else 0.0

    def _call_back(self, task: Task) -> None:
        callback: Callable[..., Any] = task.callback
        try:
            callback(task=task)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self._bus.report(f"The callback of task '{task.name}'", error)

    def _next_delay(self) -> float | None:
        if not self._delayed:
            return None
        return self._clock.until(self._delayed[0][0])

    def _wake_delayed(self) -> None:
        now = self._clock.monotonic()
        while self._delayed and self._delayed[0][0] <= now:
            node = heapq.heappop(self._delayed)[1]
            if node in self._expanded:
                self._expanded[node].wake()
            else:
                self._ready.append(node)
