"""Lets an `Executor` serve a run whose loop is an event loop, as a `Pipeline`'s is."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from dotflow.abc.executor import AsyncExecutor, Executor
from dotflow.base.daemon_threads import DaemonThreads
from dotflow.engine.control import POLL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance

T = TypeVar("T")


class BlockingInLoop(AsyncExecutor):
    """Waits for an executor in a thread, one call at a time.

    Args:
        executor: One that does not block in `submit`.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._thread = DaemonThreads(1, "dotflow-wait")
        self.name = executor.name

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Open the executor."""
        self._executor.open(tasks, max_parallel)
        self.shares = self._executor.shares
        self.in_process = self._executor.in_process
        self.reach = self._executor.reach

    @property
    def slots(self) -> int:  # type: ignore[override]  # that of the executor now
        """How many attempts the executor takes."""
        return self._executor.slots

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Submit to the executor; no `wait` goes on meanwhile."""
        return self._executor.submit(attempt)

    async def wait(self, timeout: float | None) -> list[Outcome]:
        """Wait in the thread, never for long: nobody could end that wait."""
        timeout = POLL_SECONDS if timeout is None else min(timeout, POLL_SECONDS)
        return await self._in_thread(partial(self._executor.wait, timeout))

    async def close(self, kill: bool = False) -> None:
        """Close the executor after what the thread waits for."""
        try:
            await self._in_thread(partial(self._executor.close, kill))
        finally:
            self._thread.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)
