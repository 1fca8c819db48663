"""Runs attempts in the running event loop: coroutines there, functions in threads."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections import deque
from concurrent.futures import Executor as Pool
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from types import AsyncGeneratorType, CoroutineType

from dotflow.abc.executor import AsyncExecutor
from dotflow.base.coroutines import (
    AGAIN_SECONDS,
    Caught,
    Insistence,
    read_once,
    within,
)
from dotflow.base.daemon_threads import DaemonThreads
from dotflow.base.guard import is_a
from dotflow.engine.attempt import (
    failed_attempt,
    forks,
    has_rest,
    heard_later,
    invoked,
    is_plain,
    leave_child,
    proxies,
    rest,
    run_attempt,
)
from dotflow.engine.control import RunCancelled
from dotflow.engine.executors.inline import Interruption
from dotflow.engine.executors.isolated import (
    IsolatedAttempts,
    check_isolated,
    needs_process,
)
from dotflow.errors import WorkerDied
from dotflow.model.current import current_attempt
from dotflow.model.outcome import Outcome
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from types import FrameType
    from typing import Any

    from dotflow.engine.executors.interruptible import InterruptibleAttempts
    from dotflow.model.action import Action
    from dotflow.model.task import Attempt, TaskInstance

# Coroutines that wait cost little: this only bounds what is in flight at once.
DEFAULT_SLOTS = 1000
# As many threads as Python gives a pool of its own.
DEFAULT_WORKERS = min(32, (os.cpu_count() or 1) + 4)
# How many attempts are started before those that run have a turn: what ends at once
# then never is in memory as a whole, which the garbage collector would look through.
BURST = 50
# How long the loop may go on with steps that end at once before what else runs in the
# event loop has its turn.
TURN_SECONDS = 0.001


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
        self._tasks: dict[Attempt, asyncio.Future[Any] | Future[Outcome]] = {}
        # What a pool has ended, and whether the loop knows that there is something.
        self._ended_there: deque[tuple[Attempt, Future[Outcome]]] = deque()
        self._noted = False
        self._outcomes: list[Outcome] = []
        # A kill loses what has ended and is not stored: of threads one result each,
        # since none takes a further attempt before; of coroutines no more than that.
        self._workers = _threads_of(pool) or max_workers or DEFAULT_WORKERS
        self._apart: set[Attempt] = set()
        self._queue: deque[Attempt] = deque()
        self._ahead = self._at_once = 0
        self._turn_ends = 0.0
        self._looks = False
        self._waiter: asyncio.Future[None] | None = None
        self._most = 1
        self._closing = False
        self._forked = forks[0]
        self.in_process = pool is None or isinstance(pool, ThreadPoolExecutor)
        self._create_task: Callable[[Any], asyncio.Task[None]]
        self._loop: asyncio.AbstractEventLoop
        self._interruption: Interruption | None = None

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Note the bound; threads start when a sync step needs one."""
        self._most = max_parallel or DEFAULT_SLOTS
        self._workers = min(self._most, self._workers)
        self.slots = min(self._most, BURST)
        self._create_task = _task_maker()
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():
            self._interruption = Interruption(self._is_blocked)
        self._some_apart = check_isolated(tasks, can_interrupt=False)

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Start the attempt as a task of the loop."""
        step = attempt.task.step
        if step.isolate or not (step.is_async or self._comes_back(step)):
            if len(self._apart) < self._workers:
                self._run_elsewhere(attempt)
            else:
                self._queue.append(attempt)
            return None
        if attempt.around is None:
            running = self._run_coroutine(attempt)
        else:
            running = self._run_traced(attempt)
        outcomes = self._outcomes
        ended = len(outcomes)
        task = self._create_task(running)
        if not task.done():
            self._tasks[attempt] = task
        elif len(outcomes) > ended and self._may_go_on(attempt, outcomes[-1]):
            # Without a turn of the event loop, a third of a task in a chain of them.
            return outcomes.pop()
        return None

    def _may_go_on(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Say whether the loop may have an outcome at once, rather than by `wait`."""
        self._at_once += 1
        return (
            self.keep_ahead is None  # else many are stored together
            and attempt.task.expansion is None
            and self._at_once < BURST  # should the clock be set back meanwhile
            and outcome.finished < self._turn_ends
        )

    async def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect what has ended; see `Executor.wait`."""
        if self._apart:
            # What was returned the last time is settled, and stored.
            self._apart = {one for one in self._apart if one in self._tasks}
            while self._queue and len(self._apart) < self._workers:
                self._run_elsewhere(self._queue.popleft())
        busy = len(self._tasks) + len(self._queue)
        more = bool(self._outcomes) or self.slots <= busy < self._most
        if not (more or self._tasks):
            await asyncio.sleep(timeout or 0)
            return []
        # What else runs in the event loop has its turn. A coroutine may end in it, which
        # needs neither a future nor a timer: 20 % of a short one in a chain.
        if more or len(self._tasks) > len(self._apart):
            await asyncio.sleep(0)
        if not (more or self._outcomes or self._looks):
            await self._woken(timeout)
        self._looks = False
        if forks[0] != self._forked:
            leave_child()  # a coroutine has forked, and gone on in both
        outcomes, self._outcomes = self._outcomes or self._silent(), []
        self._ahead = self._at_once = 0
        self._turn_ends = time.time() + TURN_SECONDS
        self.slots = min(self._most, len(self._tasks) + len(self._queue) + BURST)
        return outcomes

    async def _woken(self, timeout: float | None) -> None:
        """Wait until something has ended, or is to be looked at."""
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

    async def close(self, kill: bool = False) -> None:
        """Cancel what still runs and end the threads of its own pool."""
        self._closing = True
        self._queue.clear()
        if self._interruption is not None:
            self._interruption.close()
            self._interruption = None
        if kill:
            await asyncio.to_thread(self._isolated.stop)
        for task in self._tasks.values():
            task.cancel()
        # What a pool runs is not waited for: it may never end.
        running = [one for one in self._tasks.values() if asyncio.isfuture(one)]
        insisting = [
            Insistence(task, AGAIN_SECONDS)
            for task in running
            if isinstance(task, asyncio.Task)
        ]
        if running:
            await asyncio.wait(running)
        for one in insisting:
            one.stop()
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
        call: tuple[Any, ...] = (run, attempt)
        if run is not run_attempt:  # whose process takes nothing that has no pickle
            call = (copy_context().run, *call)
        try:
            running = pool.submit(*call)
        except Exception as error:  # noqa: BLE001 - a pool of the user's own may break
            self._report(attempt, failed_attempt(attempt, error, TypeOutcome.CRASHED))
            return
        self._tasks[attempt] = running
        self._apart.add(attempt)
        running.add_done_callback(partial(self._note_ended, attempt))

    def _note_ended(self, attempt: Attempt, running: Future[Outcome]) -> None:
        """Have the loop look at what has ended; called in the pool's own thread.

        It is woken once for all that end meanwhile, which is half of what a short step
        costs: `run_in_executor` would wake it for each, by a byte through a socket.
        """
        self._ended_there.append((attempt, running))
        if not self._noted:
            self._noted = True
            try:
                self._loop.call_soon_threadsafe(self._report_ended)
            except RuntimeError:
                return  # the loop is closed, and nobody waits for it

    def _report_ended(self) -> None:
        self._noted = False  # before it looks: what ends from now on is noted again
        while self._ended_there:
            self._end_elsewhere(*self._ended_there.popleft())

    def _end_elsewhere(self, attempt: Attempt, running: Future[Outcome]) -> None:
        """Report an attempt that a pool has ended, whatever its future says."""
        if running.cancelled():
            error: BaseException | None = asyncio.CancelledError(
                "Its pool let go of it."
            )
        else:
            error = running.exception()
        if error is None:
            self._report(attempt, running.result())
        elif is_a(error, (Exception, asyncio.CancelledError)):
            self._report(attempt, failed_attempt(attempt, error, TypeOutcome.CRASHED))
        elif not (self._closing and is_a(error, RunCancelled)):
            self._report(attempt, failed_attempt(attempt, error))

    async def _run_traced(self, attempt: Attempt) -> None:
        from dotflow.abc.around import entered

        # The context variables that it sets are those of this task alone.
        with entered(attempt.around):
            await self._run_coroutine(attempt)

    async def _run_coroutine(self, attempt: Attempt) -> None:  # noqa: C901 - calls cost
        """Run an async step here, where it runs beside the others."""
        task = attempt.task
        step = task.step
        if attempt.outlet is not None:
            current_attempt.set(attempt)
            proxies.ensure()
        try:
            given: Any = (
                step.invoke(task, attempt.previous, attempt.named)
                if step.is_async
                else self._called_apart(attempt)
            )
            if step.timeout:
                value = await within(
                    self._awaited(given, attempt), step.timeout, task.name
                )
            elif type(given) is AsyncGeneratorType:
                value = await self._ended(given, attempt)
            else:
                value = await given
                if not is_plain(value):
                    value = await self._ended(value, attempt)
            outcome = Outcome(attempt.node, value, None, time.time())
        except asyncio.CancelledError as error:
            if self._closing:
                attempt.end_telling()
                raise  # with the run; else the step has cancelled itself
            outcome = failed_attempt(attempt, error)
        except RunCancelled:
            attempt.end_telling()
            return  # the run ends, which is no outcome of the step
        except BaseException as error:  # noqa: BLE001 - a step may raise anything
            outcome = failed_attempt(attempt, error)
        if attempt.outlet is not None:
            self._end_telling(attempt, outcome)
        if forks[0] != self._forked:
            leave_child(outcome.failure)
        # As `_report`, which would be one more call for every step.
        self._tasks.pop(attempt, None)
        self._outcomes.append(outcome)
        if len(self._outcomes) - self._ahead > self._workers:
            self._store_ahead()
        if self._waiter is not None:
            _wake(self._waiter)

    @staticmethod
    def _end_telling(attempt: Attempt, outcome: Outcome) -> None:
        if attempt.task.streams and read_once(outcome.value):
            outcome.value = heard_later(outcome.value, attempt)
        else:
            attempt.end_telling()

    async def _awaited(self, given: Any, attempt: Attempt) -> Any:
        """Await what a step gave, to the end of what it gave in turn."""
        value = given if type(given) is AsyncGeneratorType else await given
        return await self._ended(value, attempt)

    async def _ended(self, value: Any, attempt: Attempt) -> Any:
        """Bring what a step returned to its end; see `rest`."""
        if (
            type(value) is CoroutineType
        ):  # of a step that is a coroutine function itself
            value = await value
        if type(value) is AsyncGeneratorType:
            value = rest(value, attempt.task, attempt.previous)
            return value if type(value) is AsyncGeneratorType else await value
        if not has_rest(value):
            return value
        ended = await self._in_pool(
            self._threads(), _tried, rest, value, attempt.task, attempt.previous
        )
        return ended.result()

    def _comes_back(self, step: Action[..., Any]) -> bool:
        """Say whether a plain function may return a coroutine that is awaited here.

        It is called in a thread, since it may run that coroutine to its end itself.
        """
        pool = self._pool
        return (
            step.wraps_async
            and not step.timeout  # which stops the function as well: in a process
            and (pool is None or isinstance(pool, ThreadPoolExecutor))
        )

    async def _called_apart(self, attempt: Attempt) -> Any:
        call = partial(self._interruptible().run, attempt, invoked)
        ended = await self._in_pool(self._threads(), _tried, call)
        value = ended.result()
        return await value if type(value) is CoroutineType else value

    def _silent(self) -> list[Outcome]:
        """Return what came of coroutines that have ended without a word.

        One that was cancelled before its first step never ran.
        """
        ended = [
            (attempt, task)
            for attempt, task in self._tasks.items()
            if task.done() and isinstance(task, asyncio.Task)
        ]
        outcomes = []
        for attempt, task in ended:
            del self._tasks[attempt]
            how = "was cancelled" if task.cancelled() else "ended"
            error = WorkerDied(
                f"The coroutine of task '{attempt.task.name}' (attempt"
                f" {attempt.number}) {how} before it reported a result."
            )
            outcomes.append(failed_attempt(attempt, error, TypeOutcome.CRASHED))
        return outcomes

    def _in_pool(
        self, pool: Pool, call: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call a function in a pool, with the context variables of whoever runs this."""
        loop, context = asyncio.get_running_loop(), copy_context()
        return loop.run_in_executor(pool, context.run, call, *args)

    def _report(self, attempt: Attempt, outcome: Outcome) -> None:
        # Cheaper than a callback of the task, which is a further turn of the loop.
        self._tasks.pop(attempt, None)
        self._outcomes.append(outcome)
        if self._waiter is not None:
            _wake(self._waiter)

    def _store_ahead(self) -> None:
        """Have results stored now, of coroutines that all end at once."""
        ended, self._ahead = self._ahead, len(self._outcomes)
        if self.keep_ahead is not None:
            self.keep_ahead(self._outcomes[ended:])

    def interrupt(self, error: type[BaseException]) -> None:
        """Have the loop look at once, and stop a coroutine that blocks it if it can."""
        try:
            self._loop.call_soon_threadsafe(self._look)
        except RuntimeError:
            return  # the loop was closed meanwhile: there is nothing left to wake
        if self._interruption is not None and self._interruption.by_signal:
            self._interruption.raise_there(error)

    def _is_blocked(self, frame: FrameType | None) -> bool:
        """Say whether a coroutine of this run is at work, rather than the loop."""
        step = EventLoopExecutor._run_coroutine.__code__
        storing = EventLoopExecutor._store_ahead.__code__
        while frame is not None and frame.f_code is not storing:
            if frame.f_code is step and frame.f_locals.get("self") is self:
                return True
            frame = frame.f_back
        return False

    def _look(self) -> None:
        self._looks = True  # should it not wait yet
        if self._waiter is not None:
            _wake(self._waiter)

    def _runner(self, pool: Pool) -> Callable[[Attempt], Outcome]:
        """Return what runs a sync step in a pool: only threads can be interrupted."""
        if not isinstance(pool, ThreadPoolExecutor):
            return run_attempt
        return self._interruptible().run

    def _interruptible(self) -> InterruptibleAttempts:
        if self._threaded is None:
            from dotflow.engine.executors.interruptible import InterruptibleAttempts

            self._threaded = InterruptibleAttempts()
        return self._threaded

    def _threads(self) -> Pool:
        if self._pool is not None:
            return self._pool
        if self._own_pool is None:
            self._own_pool = DaemonThreads(self._max_workers, "dotflow-sync")
        return self._own_pool


def _threads_of(pool: Pool | None) -> int:
    """Return how many attempts a user's pool runs at once; 0 where there is no pool."""
    if pool is None:
        return 0
    found = vars(pool).get("_max_workers")
    return found if isinstance(found, int) else DEFAULT_SLOTS


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


def _tried(call: Callable[..., Any], *args: Any) -> Caught:
    """Return what a call gives, or raises: a future cannot hold a StopIteration."""
    forked = forks[0]
    try:
        ended = Caught(call(*args))
    except BaseException as error:  # noqa: BLE001 - a step may raise anything
        ended = Caught(None, error)
    if forks[0] != forked:
        leave_child()
    return ended


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
