"""Drives the loop of an engine: waits where it has to, in a thread or an event loop."""

from __future__ import annotations

from functools import partial

from dotflow.abc.executor import AsyncExecutor, Executor
from dotflow.base.coroutines import finished_value
from dotflow.engine.control import RunCancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from dotflow.engine.loop import Engine
    from dotflow.model.outcome import Outcome

# What `_resume` returns when the loop has ended; None is a wait without bound.
DONE: Any = object()


def drive(engine: Engine, max_parallel: int | None) -> None:
    """Run every task that can run, waiting in this thread; see `Engine.run`."""
    executor = engine.executor
    if not isinstance(executor, Executor):
        finished_value(drive_async(engine, max_parallel))
        return
    executor.open(engine.tasks, max_parallel)
    try:
        if executor.blocks:
            engine.control.watch(partial(executor.interrupt, RunCancelled))
        steps = engine.steps()
        wait = next(steps, DONE)
        while wait is not DONE:
            wait = _resume(steps, executor.wait(wait))
    except BaseException as error:
        try:
            executor.close(kill=True)
        finally:
            engine.ends.cancel_running(error)
        raise
    finally:
        # At once: an interrupt that came now would hit the code after the run.
        engine.control.end()
    executor.close()


async def drive_async(engine: Engine, max_parallel: int | None) -> None:
    """Run every task that can run, waiting in the running event loop.

    See `Engine.run_async`.
    """
    executor = engine.executor
    if not isinstance(executor, AsyncExecutor):
        raise TypeError(f"{type(executor).__name__} cannot wait in an event loop.")
    executor.open(engine.tasks, max_parallel)
    try:
        steps = engine.steps()
        wait = next(steps, DONE)
        while wait is not DONE:
            wait = _resume(steps, await executor.wait(wait))
    except BaseException as error:
        try:
            await executor.close(kill=True)
        finally:
            engine.ends.cancel_running(error)
        raise
    finally:
        engine.control.end()
    await executor.close()


def _resume(steps: Generator[Any, Any, None], outcomes: list[Outcome]) -> Any:
    try:
        return steps.send(outcomes)
    except StopIteration:
        return DONE
