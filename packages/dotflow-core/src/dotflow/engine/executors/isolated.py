"""One attempt in a process of its own, for executors that otherwise use none."""

from __future__ import annotations

import threading
import time

from dotflow.engine.attempt import failed_attempt
from dotflow.engine.control import POLL_SECONDS
from dotflow.engine.steps import has_timed_methods
from dotflow.model.task import Attempt
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dotflow.model.action import Action
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import TaskInstance


def needs_process(step: Action[..., Any], can_interrupt: bool) -> bool:
    """Tell whether only a process of its own can keep what a step asks for.

    It asks for one itself (`isolate=True`), or it has a timeout that could not stop it.

    Args:
        step: The step.
        can_interrupt: Whether a sync step can be interrupted where it would run.
    """
    if step.isolate:
        return True
    if can_interrupt or step.is_async:
        return False
    if step.timeout:
        return True
    return isinstance(step.func, type) and has_timed_methods(step.func)


def check_isolated(tasks: Sequence[TaskInstance], can_interrupt: bool) -> bool:
    """Check that the tasks that need a process can run in one.

    Returns:
        Whether any of them needs one.

    Raises:
        GraphError: They cannot; the problems of all of them.
    """
    steps = {task.step for task in tasks}  # tasks may share one
    apart = {
        step
        for step in steps
        # Most have none of these, and need not be asked.
        if (step.isolate or step.timeout or isinstance(step.func, type))
        and needs_process(step, can_interrupt)
    }
    if apart:
        from dotflow.engine.executors.processes import ProcessExecutor

        ProcessExecutor().open([task for task in tasks if task.step in apart], 1)
    return bool(apart)


def run_isolated(attempt: Attempt) -> Outcome:
    """Run an attempt in a process that lives no longer than it."""
    from dotflow.engine.executors.processes import ProcessExecutor
    from dotflow.engine.telling import relay_for

    task = attempt.task
    executor = ProcessExecutor()
    try:
        executor.open((task,), 1)
        alone = Attempt(
            0, task, attempt.number, attempt.previous, attempt.named, attempt.around
        )
        alone.outlet = relay_for(attempt)
        outcome = executor.submit(alone)
        while outcome is None:
            outcome = next(iter(executor.wait(POLL_SECONDS)), None)
    except Exception as error:  # noqa: BLE001 - a step may have closed what it waits on
        return failed_attempt(attempt, error, TypeOutcome.CRASHED)
    finally:
        executor.close(kill=True)
    outcome.node = attempt.node
    return outcome


class IsolatedAttempts:
    """The attempts in processes of their own that threads of an executor wait for."""

    def __init__(self) -> None:
        self._threads: set[int] = set()

    def run(self, attempt: Attempt) -> Outcome:
        """Run an attempt as `run_isolated` does."""
        thread = threading.get_ident()
        self._threads.add(thread)
        try:
            return run_isolated(attempt)
        finally:
            self._threads.discard(thread)

    def stop(self) -> None:
        """Interrupt the steps, then end the processes of those that go on."""
        if not self._threads:
            return
        from dotflow.engine.executors.worker import INTERRUPT_SECONDS, interrupt_workers

        for kill in (False, True):
            for thread in tuple(self._threads):
                interrupt_workers(thread, kill)
            until = time.monotonic() + INTERRUPT_SECONDS
            while self._threads and time.monotonic() < until:
                time.sleep(0.01)
