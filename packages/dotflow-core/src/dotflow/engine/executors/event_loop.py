"""Runs attempts in the running event loop: coroutines there, functions in threads."""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import Executor as Pool
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from dotflow.abc.executor import AsyncExecutor
from dotflow.base.coroutines import TaskTimeout, within
from dotflow.engine.attempt import class_results, failed_attempt, is_plain, run_attempt
from dotflow.engine.control import RunCancelled
from dotflow.engine.executors.isolated import (
    IsolatedAttempts,
    check_isolated,
    needs_process,
)
from dotflow.engine.steps import action_methods
from dotflow.model.outcome import Outcome
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from dotflow.engine.executors.interruptible import InterruptibleAttempts
    from dotflow.model.task import Attempt, TaskInstance

# Coroutines that wait cost little: this only bounds what is in flight at once.
DEFAULT_SLOTS = 1000
# How many attempts are started before those that run have a turn: what ends at once
# then never is in memory as a whole, which the garbage collector would look through.
BURST = 50


class EventLoopExecutor(AsyncExecutor):
    """The executor of `async`, and of `Pipeline.run_once`.

    Args:
        pool: Where sync steps run, a `concurrent.futures` thread pool; it stays open.
            Default: one of its own, closed with the run.
        max_workers: The threads of its own pool; None for the default.
    """

    def __init__(
        self, pool: Pool | None = None, max_workers: int | None = None
    ) -> None:
        self._pool = pool
        self._own_pool: ThreadPoolExecutor | None = None
        self._max_workers = max_workers
        self._isolated = IsolatedAttempts()
        self._some_apart = False
        self._threaded: InterruptibleAttempts | None = None
        self._tasks: dict[Attempt, asyncio.Future[Any]] = {}
        self._outcomes: list[Outcome] = []
        self._waiter: asyncio.Future[None] | None = None
        self._most = 1
        self._create_task: Callable[[Any], asyncio.Task[None]]

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Note the bound; threads start when a sync step needs one."""
        self._most = max_parallel or DEFAULT_SLOTS
        self.slots = min(self._most, BURST)
        self._create_task = _task_maker()
        self._some_apart = check_isolated(tasks, can_interrupt=False)

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Start the attempt as a task of the loop."""
        step = attempt.task.step
        if not step.is_async or step.isolate:
            self._run_elsewhere(attempt)
            return None
        if attempt.around is None:
            running = self._run_coroutine(attempt)
        else:
            running = self._run_traced(attempt)
        task = self._create_task(running)
        if not task.done():
            self._tasks[attempt] = task
        return None

    async def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect what has ended; see `Executor.wait`."""
        if self._outcomes or self.slots <= len(self._tasks) < self._most:
            await asyncio.sleep(0)  # what else runs in the loop has its turn
        else:
            if not self._tasks:
                await asyncio.sleep(timeout or 0)
                return []
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            handle = None
            if timeout is not None:
                handle = loop.call_later(timeout, _wake, self._waiter)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if handle is not None:
                    handle.cancel()
        outcomes, self._outcomes = self._outcomes, []
        self.slots = min(self._most, len(self._tasks) + BURST)
        return outcomes

    async def close(self, kill: bool = False) -> None:
        """Cancel what still runs and end the threads of its own pool."""
        if kill:
            await asyncio.to_thread(self._isolated.stop)
        running = list(self._tasks.values())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
            self._tasks.clear()
        if kill and self._threaded is not None and self._threaded.running:
            # In a thread of its own: the pool's may all be busy.
            await asyncio.to_thread(self._threaded.stop)
        if self._own_pool is not None:
            self._own_pool.shutdown(wait=not kill, cancel_futures=True)
            self._own_pool = None

    def _run_elsewhere(self, attempt: Attempt) -> None:
        """Run a sync step in a thread, or what asks for it in a process."""
        step = attempt.task.step
        apart = self._some_apart and needs_process(step, can_interrupt=False)
        pool = self._threads()
        run = self._isolated.run if apart else self._runner(pool)
        try:
            running = asyncio.get_running_loop().run_in_executor(pool, run, attempt)
        except Exception as error:  # noqa: BLE001 - a pool of the user's own may break
            self._report(attempt, failed_attempt(attempt, error, TypeOutcome.CRASHED))
            return
        self._tasks[attempt] = running
        running.add_done_callback(partial(self._end_elsewhere, attempt))

    def _end_elsewhere(
        self, attempt: Attempt, running: asyncio.Future[Outcome]
    ) -> None:
        """Report an attempt that a pool has ended, whatever its future says."""
        if running.cancelled():
            error: BaseException | None = asyncio.CancelledError(
                "Its pool let go of it."
            )
        else:
            error = running.exception()
        if error is None:
            self._report(attempt, running.result())
        elif isinstance(error, (Exception, asyncio.CancelledError)):
            self._report(attempt, failed_attempt(attempt, error, TypeOutcome.CRASHED))
        elif not isinstance(error, RunCancelled):  # which has ended the run already
            self._report(attempt, failed_attempt(attempt, error, TypeOutcome.FAILED))

    async def _run_traced(self, attempt: Attempt) -> None:
        from dotflow.abc.around import entered

        # The context variables that it sets are those of this task alone.
        with entered(attempt.around):
            await self._run_coroutine(attempt)

    async def _run_coroutine(self, attempt: Attempt) -> None:
        """Run an async step here, where it runs beside the others."""
        task = attempt.task
        step = task.step
        try:
            coroutine = step.invoke(task, attempt.previous, attempt.named)
            value = await (
                within(coroutine, step.timeout, task.name)
                if step.timeout
                else coroutine
            )
            if not is_plain(value) and action_methods(type(value)):
                value = await asyncio.get_running_loop().run_in_executor(
                    self._threads(), class_results, value, attempt
                )
            outcome = Outcome(attempt.node, value, None, time.time())
        except TaskTimeout as error:
            outcome = failed_attempt(attempt, error, TypeOutcome.TIMEOUT)
        except asyncio.CancelledError as error:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise  # the run was cancelled, not only something in the step
            outcome = failed_attempt(attempt, error, TypeOutcome.FAILED)
        except BaseException as error:  # noqa: BLE001 - a step may raise anything
            outcome = failed_attempt(attempt, error, TypeOutcome.FAILED)
        # As `_report`, which would be one more call for every step.
        self._tasks.pop(attempt, None)
        self._outcomes.append(outcome)
        if self._waiter is not None:
            _wake(self._waiter)

    def _report(self, attempt: Attempt, outcome: Outcome) -> None:
        # Cheaper than a callback of the task, which is a further turn of the loop.
        self._tasks.pop(attempt, None)
        self._outcomes.append(outcome)
        if self._waiter is not None:
            _wake(self._waiter)

    def wake(self) -> None:
        """End the waiting of `wait`; called in the thread of the loop."""
        if self._waiter is not None:
            _wake(self._waiter)

    def _runner(self, pool: Pool) -> Callable[[Attempt], Outcome]:
        """Return what runs a sync step in a pool: only threads can be interrupted."""
        if not isinstance(pool, ThreadPoolExecutor):
            return run_attempt
        if self._threaded is None:
            from dotflow.engine.executors.interruptible import InterruptibleAttempts

            self._threaded = InterruptibleAttempts()
        return self._threaded.run

    def _threads(self) -> Pool:
        if self._pool is not None:
            return self._pool
        if self._own_pool is None:
            self._own_pool = ThreadPoolExecutor(
                self._max_workers, thread_name_prefix="dotflow-sync"
            )
        return self._own_pool


def _task_maker() -> Callable[[Any], asyncio.Task[None]]:
    """Return what makes a task of the running loop.

    From Python 3.12 on a task starts at once, and one that need not wait for anything
    has ended when it is made: that halves what a short step costs.
    """
    loop = asyncio.get_running_loop()
    if loop.get_task_factory() is not None:
        return loop.create_task
    if sys.version_info < (3, 12):
        return partial(asyncio.Task, loop=loop)  # as `create_task`, with less around it
    return partial(asyncio.Task, loop=loop, eager_start=True)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
