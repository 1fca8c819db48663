"""Drives the loop: waits where it has to, in a thread or an event loop."""

from __future__ import annotations

from functools import partial

from dotflow.abc.executor import AsyncExecutor, Executor
from dotflow.base.coroutines import finished_value
from dotflow.engine.control import RunCancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds
    from dotflow.model.outcome import Outcome

    Steps = Generator[float | None, list[Outcome], None]

# What `_resume` returns when the loop has ended; None is a wait without bound.
DONE: Any = object()


def drive(
    steps: Steps, state: RunState, ends: TaskEnds, max_parallel: int | None
) -> None:
    """Run every task that can run, waiting in this thread; see `Loop.run`."""
    executor = state.executor
    if not isinstance(executor, Executor):
        finished_value(drive_async(steps, state, ends, max_parallel))
        return
    executor.open(state.tasks, max_parallel)
    try:
        if executor.blocks:
            state.control.watch(partial(executor.interrupt, RunCancelled))
        wait = next(steps, DONE)
        while wait is not DONE:
            wait = _resume(steps, executor.wait(wait))
    except BaseException as error:
        try:
            executor.close(kill=True)
        finally:
            ends.cancel_running(error)
        raise
    finally:
        # At once: an interrupt that came now would hit the code after the run.
        state.control.end()
    executor.close()


async def drive_async(
    steps: Steps, state: RunState, ends: TaskEnds, max_parallel: int | None
) -> None:
    """Run every task that can run, waiting in the running event loop.

    See `Loop.run_async`.
    """
    executor = state.executor
    if not isinstance(executor, AsyncExecutor):
        raise TypeError(f"{type(executor).__name__} cannot wait in an event loop.")
    executor.open(state.tasks, max_parallel)
    try:
        wait = next(steps, DONE)
        while wait is not DONE:
            wait = _resume(steps, await executor.wait(wait))
    except BaseException as error:
        try:
            await executor.close(kill=True)
        finally:
            ends.cancel_running(error)
        raise
    finally:
        state.control.end()
    await executor.close()


def _resume(steps: Steps, outcomes: list[Outcome]) -> Any:
    try:
        return steps.send(outcomes)
    except StopIteration:
        return DONE
