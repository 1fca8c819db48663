"""`Loop`: the one loop that runs a graph, whatever the front end and the mode."""

from __future__ import annotations

import time

from dotflow.abc.executor import AsyncExecutor, Executor
from dotflow.base.coroutines import Caught, finished_value
from dotflow.engine.attempt import run_attempt
from dotflow.engine.control import POLL_SECONDS, RunCancelled
from dotflow.engine.keeping import Keeping
from dotflow.engine.task_ends import TaskEnds
from dotflow.model import events
from dotflow.model.current import current_attempt
from dotflow.model.outcome import is_cancellation
from dotflow.model.task import Attempt
from dotflow.types import TypeOutcome, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.run_state import RunState
    from dotflow.engine.straight import StraightWay
    from dotflow.model.context import Context
    from dotflow.model.expansion import Expansion
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import TaskInstance

    # What waits is told for how long, in seconds, and sends what came in meanwhile.
    Steps = Generator[float | None, list[Outcome], None]

_now = time.time
_IN_PROGRESS = TypeStatus.IN_PROGRESS
# What `_resume` returns when the loop has ended; None is a wait without bound.
_DONE: Any = object()


class Loop:
    """Runs the tasks of a graph in the order of its edges.

    Args:
        state: The tasks, and where their run stands.
        checkpoints: What is stored and restored.
        ends: How tasks end that do not complete; None for the usual way.
        cache: The kept results of steps; None where no step keeps any.
        max_parallel: The bound on attempts at once; None for the executor's own.
    """

    def __init__(
        self,
        state: RunState,
        checkpoints: Checkpoints,
        *,
        ends: TaskEnds | None = None,
        cache: ResultCache | None = None,
        max_parallel: int | None = None,
    ) -> None:
        self._state = state
        self._tasks = state.tasks
        self._ends = ends or TaskEnds(state)
        self._keeping = Keeping(state, self._ends, checkpoints, cache)
        self._checkpoints = checkpoints
        self._cache = cache
        self._keep = checkpoints.keep
        self._resuming = checkpoints.resuming
        self._max_parallel = max_parallel
        self._tell_started = state.bus.teller(events.TaskStarted)
        outer = current_attempt.get()
        if state.outlet is None and outer is not None:
            # A run within a step, to which nobody else listens: in its processes too.
            from dotflow.engine.telling import relay_for

            state.outlet = relay_for(outer)
        self._outlet = state.outlet
        self._shares = state.executor.shares
        if state.graph.explicit and checkpoints.keeps_objects:
            self._stream_items(state)

    @staticmethod
    def _stream_items(state: RunState) -> None:
        """Have maps take the items of generators one by one, where nothing forbids it."""
        if any(task.expansion is not None for task in state.tasks):
            from dotflow.engine.expand import stream_items

            stream_items(state.graph, state.executor)

    def run(self) -> None:
        """Run every task that can run, waiting in this thread.

        Raises:
            KeyboardInterrupt: The run was interrupted; what ran is marked Cancelled.
            SystemExit: A task has asked for the end of the program.
            DotflowError: The executor cannot run these tasks; none has run.
        """
        executor, control = self._state.executor, self._state.control
        if not isinstance(executor, Executor):
            try:
                finished_value(self.run_async())
            except OSError as error:
                # A step has closed the descriptors of the event loop, and the coroutine
                # that would have told of it never ended.
                if not self._ends.cancel_running(error, TypeOutcome.CRASHED):
                    raise
            return
        executor.open(self._tasks, self._max_parallel)
        try:
            if executor.blocks:
                control.watch(executor.interrupt)
            steps = self.steps()
            wait = next(steps, _DONE)
            while wait is not _DONE:
                wait = _resume(steps, executor.wait(wait))
        except BaseException as error:
            control.ending = True
            # Attempts end before their tasks are told as cancelled, so that none of
            # them still changes what was told.
            try:
                self._close(executor, kill=True)
            finally:
                self._ends.cancel_running(error)
            raise
        else:
            self._close(executor)
        finally:
            if self._state.lending is not None:
                self._state.lending.close()

    def _close(self, executor: Executor, kill: bool = False) -> None:
        """Close the executor; from here on nobody raises anything in this thread.

        What was raised just now, for a step that has ended, would hit the code after
        the run, or what tells its end. It is as good as if it had never come: the run
        knows that it was cancelled.
        """
        while True:
            try:
                self._state.control.end()
                executor.close(kill=kill)
                return
            except RunCancelled:
                continue

    async def run_async(self) -> None:
        """Run every task that can run, waiting in the running event loop.

        Raises:
            As `run`; and CancelledError where the coroutine was cancelled.
        """
        executor = self._state.executor
        if not isinstance(executor, AsyncExecutor):
            raise TypeError(f"{type(executor).__name__} cannot wait in an event loop.")
        executor.open(self._tasks, self._max_parallel)
        kept_here = self._checkpoints.keeps_objects
        executor.keep_ahead = None if kept_here else self.keep_together
        self._state.control.wake_by(executor.interrupt)
        try:
            steps = self.steps()
            wait = next(steps, _DONE)
            while wait is not _DONE:
                wait = _resume(steps, await executor.wait(wait))
        except BaseException as error:
            self._state.control.ending = True
            try:
                await executor.close(kill=True)
            finally:
                self._ends.cancel_running(error)
            raise
        finally:
            self._state.control.end()
            if self._state.lending is not None:
                self._state.lending.close()
            if self._state.callbacks is not None:
                await self._state.callbacks.join()
        await executor.close()

    async def run_apart(self) -> None:
        """As `run_async`, in a task of its own.

        What wakes it then does not walk through the coroutines that wait for it.
        """
        import asyncio

        # Caught, since KeyboardInterrupt or SystemExit in a task would end the event
        # loop, whoever waits to catch it.
        ended = await asyncio.create_task(self._run_caught())
        ended.result()

    async def _run_caught(self) -> Caught:
        """As `caught`, which would be one more file on the way of each task."""
        try:
            await self.run_async()
        except BaseException as error:
            if is_cancellation(error):
                raise
            return Caught(None, error)
        return Caught(None)

    def steps(self) -> Steps:
        """Run the loop itself, without the waiting.

        It yields the longest time to wait in seconds, None for no bound, and is sent
        the outcomes that came in meanwhile. So one loop serves a thread that blocks and
        an event loop that must not.
        """
        state = self._state
        control = state.control
        # Now that it is open: it may have chosen another way, or be on another computer.
        if state.executor.reach is not None:
            from dotflow.engine.afar import AfarResults

            self._keep = AfarResults(state, self._checkpoints).keep
        state.keep = self._keep
        self._submit = state.executor.submit
        self._straight = self._straight_way()
        while True:
            self._start_ready()
            if not state.running and not state.delayed:
                return
            delay = state.next_delay() if state.delayed else None
            if control.awaited or delay is not None:
                delay = control.bound(delay)
            # Bounded always: a cancel may come from a thread at any moment.
            outcomes = yield POLL_SECONDS if delay is None else delay
            if len(outcomes) > 1:
                self.keep_together(outcomes)
            for outcome in outcomes:
                state.running -= 1
                self._settle(outcome)
            if control.awaited or control.reason is not None:
                control.check(state.running)
            if state.delayed:
                state.wake_delayed()

    def _straight_way(self) -> StraightWay | None:
        """Return it for a run whose attempts need not each be looked at, else None."""
        state = self._state
        apart = state.executor.submit is not run_attempt
        if apart or state.graph.explicit or state.outlet is not None:
            return None
        put = self._checkpoints.direct_put()
        if put is None:
            return None
        from dotflow.engine.straight import StraightWay

        return StraightWay(state, put, self._settle)

    def keep_together(self, outcomes: Sequence[Outcome]) -> None:
        """Store the results of several attempts, in one step where that can be done.

        What is not stored then is so when its attempt is settled, each by itself: that
        also tells whose fault a failure was.

        Args:
            outcomes: The ends of the attempts.
        """
        group = self._checkpoints.grouped()
        if group is None:
            return
        try:
            with group:
                kept = [one for one in outcomes if self._kept_ahead(one)]
        except Exception:  # noqa: BLE001 - told when each is stored by itself
            return
        for outcome in kept:
            outcome.stored = True

    def _kept_ahead(self, outcome: Outcome) -> bool:
        if outcome.failure is not None or outcome.stored:
            return False
        node = outcome.node
        task = self._tasks[node]
        if task.expansion is None:
            if self._state.lending is not None:
                self._take_back(outcome)
            return self._keep(task, outcome) is None
        expanded = self._state.expanded.get(node)
        return expanded is not None and expanded.keep(outcome)

    def _take_back(self, outcome: Outcome) -> None:
        """Put right what an attempt has changed of its inputs.

        Before its result is a record: it may hold what the attempt was given.
        """
        lending, node = self._state.lending, outcome.node
        if lending is not None and node in lending.loans:
            lending.take_back(node, outcome.value)

    def _start_ready(self) -> None:
        state = self._state
        ready, slots, control = state.ready, state.executor.slots, state.control
        straight = self._straight
        while ready and state.running < slots:
            if control.reason is not None and control.check(state.running):
                return
            if straight is not None and straight.run():
                continue
            node = ready.popleft()
            # A task that has begun may go on with its further attempts.
            if not state.halted or self._tasks[node].attempt:
                self._start(node)

    def _start(self, node: int) -> None:
        state, task = self._state, self._tasks[node]
        if task.expansion is not None:
            self._advance(node, task, task.expansion)
            return
        previous, named = state.inputs(node, task)
        task.previous = previous
        if self._resuming and task.attempt == 0 and self._keeping.restore(node, task):
            return
        if task.step.guarded and not self._admit(node, task, previous, named):
            return
        task.attempt += 1
        task.status = _IN_PROGRESS
        task.attempt_started = started = _now()
        if task.started is None:
            task.started = started
        if self._tell_started is not None:
            self._tell_started(task)
        if task.step.takes_inputs and self._shares:
            if state.lending is None:
                from dotflow.engine.lending import Lending

                state.lending = Lending(state.graph, self._checkpoints)
            previous, named = state.lending.inputs(node, task, previous, named)
        if state.control.reason is not None:  # whoever was told may have cancelled it
            state.control.check(state.running)
        outcome = self._submit(
            Attempt(node, task, task.attempt, previous, named, None, self._outlet)
        )
        if outcome is None:
            state.running += 1
        else:
            self._settle(outcome)

    def _advance(self, node: int, task: TaskInstance, expansion: Expansion) -> None:
        """Go on with a task that is more than one attempt."""
        state = self._state
        expanded = state.expanded.get(node)
        if expanded is None:
            task.previous = state.inputs(node, task)[0]
            if self._resuming and self._keeping.restore(node, task):
                return
            from dotflow.engine.expand import begin

            expanded = begin(
                state, self._ends, self._checkpoints, self._cache, node, expansion
            )
            state.expanded[node] = expanded
        expanded.advance()

    def _admit(
        self,
        node: int,
        task: TaskInstance,
        previous: Context,
        named: dict[str, Any] | None,
    ) -> bool:
        """Tell whether an attempt is to start now: not if it is cached, or must wait."""
        if task.step.cache and task.attempt == 0:
            attempt = Attempt(node, task, 1, previous, named)
            if self._keeping.found_in_cache(attempt):
                return False
        state = self._state
        wait = state.admission.ask(task) if state.admission is not None else 0.0
        if wait:
            if not task.attempt:
                # What holds the limit may need the result, in a run of its own.
                self._keeping.give_up(node)
            state.delay(node, wait)
        return not wait

    def _settle(self, outcome: Outcome) -> None:
        """Take note of the end of an attempt."""
        node, state = outcome.node, self._state
        task, failure = self._tasks[node], outcome.failure
        if failure is not None and failure.error is None:
            failure.hide_secrets()  # a process that has no providers has told it
        if task.expansion is not None:
            state.expanded[node].settle(outcome)
            return
        if state.lending is not None:
            self._take_back(outcome)
        if task.step.guarded and state.admission is not None:
            state.admission.release(task)
        if failure is None:
            if not outcome.stored:
                failure = self._keep(task, outcome)
            if failure is None and task.step.cache:
                failure = self._keeping.keep_in_cache(node, task)
            if failure is None:
                state.complete(node, task)
                return
        elif failure.fatal:
            self._ends.stop(task, failure, outcome.finished)
        if failure.retryable and task.attempt < task.step.policy.attempts:
            self._ends.retry(node, task, failure, outcome.finished)
        else:
            if task.step.cache:
                self._keeping.give_up(node)
            self._ends.fail(node, task, failure, outcome.finished)


def _resume(steps: Steps, outcomes: list[Outcome]) -> Any:
    try:
        return steps.send(outcomes)
    except StopIteration:
        return _DONE
