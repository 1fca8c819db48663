"""Runs attempts in any `concurrent.futures.Executor`."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Future,
    ThreadPoolExecutor,
)
from concurrent.futures import Executor as Pool
from typing import TYPE_CHECKING, Any

from dotflow.abc.executor import Executor, attempts_at_once
from dotflow.base.guard import error_name
from dotflow.engine.attempt import failed_attempt, run_attempt
from dotflow.engine.executors.isolated import needs_process, run_isolated
from dotflow.engine.executors.remote import (
    PackedAttempt,
    Packing,
    cancelled_attempt,
    lost_attempt,
    packed_outcome,
    run_packed,
    unpack_outcome,
    unsendable_attempt,
)
from dotflow.errors import InvalidTask, NotPicklable
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance

PoolOrFactory = Pool | Callable[[], Pool]


class FuturesExecutor(Executor):
    """The executor of `futures`: the simple door to whatever has such a pool.

    What the interface of a pool cannot do, no adapter can: a future that runs cannot be
    cancelled, so the end of a run leaves it to itself; and the death of a worker breaks
    most pools of processes, with all that they were given. A pool that was made here is
    replaced then, one that was given is not.

    Args:
        executor: The pool, which stays open; or what makes one, which is shut down with
            the run.
        prefetch: Attempts in the pool at once, for each of its workers.

    Raises:
        InvalidTask: `executor` is neither.
    """

    name = "futures"

    def __init__(self, executor: PoolOrFactory, *, prefetch: int = 2) -> None:
        is_pool = isinstance(executor, Pool)
        if isinstance(executor, type) or not (is_pool or callable(executor)):
            raise InvalidTask(
                f"executor={executor!r}: mode='futures' takes a"
                " concurrent.futures.Executor, or a function that makes one."
            )
        self._given: PoolOrFactory = executor
        self._prefetch = prefetch
        self._pool: Pool | None = None
        self._flying: dict[Future[Any], Attempt] = {}
        self._done: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._packing: Packing | None = None

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Take the pool, and pack the tasks where its workers are other processes."""
        self._flying.clear()
        self._done = queue.SimpleQueue()
        pool = self._open_pool()
        self.shares = self.in_process = isinstance(pool, ThreadPoolExecutor)
        self._packing = None if self.shares else Packing(tasks)
        # The interface does not tell how many workers there are; most pools do.
        found = getattr(pool, "__dict__", {}).get("_max_workers")
        workers = found if isinstance(found, int) else os.cpu_count() or 1
        most = max_parallel or workers * self._prefetch
        self.slots = attempts_at_once(tasks, most)

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Hand the attempt to the pool."""
        try:
            future = self._put(attempt)
        except NotPicklable as error:
            return unsendable_attempt(attempt, error)
        except Exception as error:  # noqa: BLE001 - the pool may be anybody's
            return self._refused(attempt, error)
        self._flying[future] = attempt
        future.add_done_callback(self._done.put)
        return None

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect what the pool reports."""
        try:
            done = [self._done.get(timeout=timeout)]
        except queue.Empty:
            return []
        while not self._done.empty():
            done.append(self._done.get())
        return [self._outcome(future) for future in done]

    def close(self, kill: bool = False) -> None:
        """Take back what has not begun; shut down a pool that was made here."""
        running = [future for future in self._flying if not future.cancel()]
        pool, self._pool = self._pool, None
        if pool is None or pool is self._given:
            if any(not future.done() for future in running):
                _tell_left(len(running))
            return
        if kill and (stop := getattr(pool, "kill_workers", None)) is not None:
            stop()  # Python 3.14
        pool.shutdown(wait=not kill, cancel_futures=True)

    def _open_pool(self) -> Pool:
        if self._pool is not None:
            return self._pool
        pool = self._given if isinstance(self._given, Pool) else self._given()
        if not isinstance(pool, Pool):
            raise InvalidTask(
                f"executor={self._given!r} made a {type(pool).__name__}, which is no"
                " concurrent.futures.Executor."
            )
        self._pool = pool
        return pool

    def _put(self, attempt: Attempt) -> Future[Any]:
        if self._packing is None:
            return self._open_pool().submit(_run_here, attempt)
        packed = self._packing.attempt(attempt)
        inputs = self._packing.inputs(attempt)
        try:
            return self._open_pool().submit(_run_there, packed, inputs)
        except BrokenExecutor:
            if self._pool is self._given:
                raise
        self._replace()
        return self._open_pool().submit(_run_there, packed, inputs)

    def _replace(self) -> None:
        """Let go of a pool that is broken, and was made here."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)

    def _outcome(self, future: Future[Any]) -> Outcome:
        attempt = self._flying.pop(future)
        try:
            told = future.result()
        except CancelledError:
            return cancelled_attempt(attempt)
        except Exception as error:  # noqa: BLE001 - whatever the pool tells
            return self._refused(attempt, error)
        return unpack_outcome(told, attempt) if isinstance(told, bytes) else told

    def _refused(self, attempt: Attempt, error: Exception) -> Outcome:
        if not isinstance(error, BrokenExecutor):
            return lost_attempt(attempt, error)
        if self._pool is not self._given:
            return lost_attempt(
                attempt, f"a worker died and broke its pool ({error_name(error)})"
            )
        return lost_attempt(
            attempt,
            f"a worker died, which breaks a {type(self._given).__name__} for good"
            f" ({error_name(error)}); give executor= a function that makes the pool, so"
            " that it can be replaced",
        )


def _run_here(attempt: Attempt) -> Outcome:
    """Run an attempt in a thread of this process."""
    try:
        if needs_process(attempt.task.step, False):
            return run_isolated(attempt)
        return run_attempt(attempt)
    except BaseException as error:  # noqa: BLE001 - silence would be a hang
        return failed_attempt(attempt, error, TypeOutcome.CANCELLED)


def _run_there(packed: PackedAttempt, inputs: bytes) -> bytes:
    """Run an attempt in a worker of the pool."""
    return packed_outcome(run_packed(packed, inputs), packed.name)


def _tell_left(count: int) -> None:
    from dotflow.logging import logger

    logger.warning(
        "%d attempts go on in the pool: a concurrent.futures.Executor cannot stop what it"
        " runs. Use a timeout with isolate=True for steps that must be stopped.",
        count,
    )
