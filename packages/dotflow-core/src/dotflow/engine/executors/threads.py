"""Runs attempts in the threads of a pool."""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextvars import copy_context

from dotflow.abc.executor import Executor, attempts_at_once
from dotflow.engine.attempt import failed_attempt
from dotflow.engine.executors.interruptible import InterruptibleAttempts
from dotflow.engine.executors.isolated import (
    IsolatedAttempts,
    check_isolated,
    needs_process,
)
from dotflow.errors import WorkerDied
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance

# Threads mostly wait for something; the default of concurrent.futures is of this order.
DEFAULT_THREADS = 32


class ThreadExecutor(Executor):
    """The executor of `threads`.

    A blocking call in a thread cannot be stopped from outside, so a sync step with a
    timeout, or with `isolate=True`, runs in a process of its own.

    One idle thread at a time is called, and calls the next one before it begins. To call
    one for each attempt would take longer than a short step: 7 of 25 µs for an item that
    does nothing, while those who are called wait for Python's lock.
    """

    in_process = True

    def __init__(self) -> None:
        self._orders: deque[Attempt] = deque()
        # What idle threads wait for, and whether one of them is on its way.
        self._calls: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._called = False
        self._closing = False
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._serving: dict[threading.Thread, Attempt] = {}
        self._isolated = IsolatedAttempts()
        self._stoppable = InterruptibleAttempts()
        self._some_apart = False
        self._busy = 0

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Decide on the number of threads; each starts when it is needed."""
        self._some_apart = check_isolated(tasks, can_interrupt=False)
        self.slots = attempts_at_once(tasks, max_parallel or DEFAULT_THREADS)

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Hand the attempt to a free thread."""
        self._busy += 1
        self._orders.append(attempt)
        if self._busy <= len(self._threads):
            self._call()
        else:
            # With the context variables of whoever runs the loop, the caller of start().
            thread = threading.Thread(
                target=copy_context().run,
                args=(self._serve,),
                name="dotflow-thread",
                daemon=True,
            )
            self._threads.append(thread)
            thread.start()
        return None

    def _call(self) -> None:
        """Have an idle thread come, unless one is on its way."""
        if not self._called:
            self._called = True
            self._calls.put(None)

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect what the threads report."""
        try:
            outcomes = [self._outcomes.get(timeout=timeout)]
        except queue.Empty:
            return self._silent()
        while not self._outcomes.empty():
            outcomes.append(self._outcomes.get())
        self._busy -= len(outcomes)
        return outcomes

    def close(self, kill: bool = False) -> None:
        """End every thread that can be ended.

        After an interruption a step in a blocking call goes on until that returns: its
        thread is a daemon, so it does not hold up the end of the program.
        """
        self._closing = True
        if kill:
            self._orders.clear()
        for _ in self._threads:
            self._calls.put(None)
        if kill:
            self._isolated.stop()
            self._stoppable.stop()
        else:
            for thread in self._threads:
                thread.join()
        self._threads.clear()

    def _silent(self) -> list[Outcome]:
        """Return what came of attempts whose thread has ended without a word."""
        dead = [thread for thread in self._threads if not thread.is_alive()]
        outcomes = []
        for thread in dead:
            self._threads.remove(thread)
            attempt = self._serving.pop(thread, None)
            if attempt is not None:
                self._busy -= 1
                error = WorkerDied(
                    f"The thread of task '{attempt.task.name}' (attempt"
                    f" {attempt.number}) ended before it reported a result."
                )
                outcomes.append(failed_attempt(attempt, error, TypeOutcome.CRASHED))
        return outcomes

    def _serve(self) -> None:
        me = threading.current_thread()
        while True:
            try:
                attempt = self._orders.popleft()
            except IndexError:
                if self._closing:
                    return
                self._calls.get()
                # Before it looks for an order: what is ordered from now on calls again.
                self._called = False
                continue
            self._serving[me] = attempt
            if self._orders:
                self._call()
            step = attempt.task.step
            apart = self._some_apart and needs_process(step, can_interrupt=False)
            run = self._isolated.run if apart else self._stoppable.run
            try:
                outcome = run(attempt)
            except BaseException as error:  # noqa: BLE001 - silence would be a hang
                outcome = failed_attempt(attempt, error)
            # Before it is told: from then on another attempt may be served.
            del self._serving[me]
            self._outcomes.put(outcome)
