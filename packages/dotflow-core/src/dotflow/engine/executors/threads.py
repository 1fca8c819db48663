"""Runs attempts in the threads of a pool."""

from __future__ import annotations

import queue
import threading

from dotflow.abc.executor import Executor, attempts_at_once
from dotflow.engine.attempt import run_attempt
from dotflow.engine.executors.isolated import (
    IsolatedAttempts,
    check_isolated,
    needs_process,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance

# Threads mostly wait for something; the default of concurrent.futures is of this order.
DEFAULT_THREADS = 32


class ThreadExecutor(Executor):
    """The executor of `threads`.

    A thread cannot be stopped from outside, so a sync step with a timeout, or with
    `isolate=True`, runs in a process of its own.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[Attempt | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._isolated = IsolatedAttempts()
        self._some_apart = False
        self._busy = 0

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Decide on the number of threads; each starts when it is needed."""
        self._some_apart = check_isolated(tasks, can_interrupt=False)
        self.slots = attempts_at_once(tasks, max_parallel or DEFAULT_THREADS)

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Hand the attempt to a free thread."""
        self._busy += 1
        if self._busy > len(self._threads):
            thread = threading.Thread(
                target=self._serve, name="dotflow-thread", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        self._orders.put(attempt)
        return None

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect what the threads report."""
        try:
            outcomes = [self._outcomes.get(timeout=timeout)]
        except queue.Empty:
            return []
        while not self._outcomes.empty():
            outcomes.append(self._outcomes.get())
        self._busy -= len(outcomes)
        return outcomes

    def close(self, kill: bool = False) -> None:
        """End every thread that can be ended.

        After an interruption a step that blocks goes on until it returns: its thread is
        a daemon, so it does not hold up the end of the program.
        """
        for _ in self._threads:
            self._orders.put(None)
        if kill:
            self._isolated.stop()
        else:
            for thread in self._threads:
                thread.join()
        self._threads.clear()

    def _serve(self) -> None:
        while (attempt := self._orders.get()) is not None:
            step = attempt.task.step
            apart = self._some_apart and needs_process(step, can_interrupt=False)
            run = self._isolated.run if apart else run_attempt
            self._outcomes.put(run(attempt))
