"""Runs attempts one at a time in the calling thread."""

from __future__ import annotations

import time

from dotflow.abc.executor import Executor
from dotflow.engine.attempt import Attempt, run_attempt
from dotflow.engine.steps import has_timed_methods
from dotflow.engine.timeout import can_interrupt_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dotflow.core.action import Action
    from dotflow.core.task import Task
    from dotflow.engine.executors.processes import ProcessExecutor
    from dotflow.engine.outcome import Outcome


class InlineExecutor(Executor):
    """The executor of `sequential` and `background`.

    An attempt gets a process of its own where the step asks for it (`isolate=True`), or
    where its timeout could not stop it in this thread.
    """

    def __init__(self) -> None:
        self._isolated: ProcessExecutor | None = None
        self._can_interrupt = False

    def open(self, tasks: Sequence[Task], max_parallel: int | None) -> None:
        """Check what needs a process; one is made only for an attempt."""
        self._can_interrupt = can_interrupt_here()
        apart = [task for task in tasks if self._needs_process(task._step)]
        if apart:
            from dotflow.engine.executors.processes import ProcessExecutor

            ProcessExecutor().open(apart, 1)

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Run the attempt to its end."""
        if self._needs_process(attempt.task._step):
            return self._run_isolated(attempt)
        return run_attempt(attempt)

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Let the time before a further attempt pass."""
        if timeout:
            time.sleep(timeout)
        return []

    def close(self, kill: bool = False) -> None:
        """Nothing outlives an attempt."""
        if self._isolated is not None:
            self._isolated.close(kill=True)
            self._isolated = None

    def _needs_process(self, step: Action[..., Any]) -> bool:
        if step.isolate:
            return True
        if self._can_interrupt or step.is_async:
            return False
        return bool(step.timeout) or has_timed_methods(step.func)

    def _run_isolated(self, attempt: Attempt) -> Outcome:
        from dotflow.engine.executors.processes import ProcessExecutor

        self._isolated = ProcessExecutor()
        try:
            self._isolated.open((attempt.task,), 1)
            alone = Attempt(
                0, attempt.task, attempt.number, attempt.previous, attempt.named
            )
            outcome = self._isolated.submit(alone)
            while outcome is None:
                outcome = next(iter(self._isolated.wait(None)), None)
        finally:
            self.close(kill=True)
        outcome.node = attempt.node
        return outcome
