"""`PickledPool`: a `ProcessPoolExecutor` for steps that its processes can import."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import Executor as Pool
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from dotflow.engine.attempt import run_attempt
from dotflow.engine.executors.worker_main import pack_outcome, pack_task, unpack_task
from dotflow.model.task import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable


class PickledPool(Pool):
    """Runs attempts in the processes of a pool.

    What pickle can hold goes there; exceptions, which often have no pickle, come back
    as text.

    Args:
        pool: The pool; it stays open.
    """

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Run an attempt; see `concurrent.futures.Executor.submit`."""
        if fn is not run_attempt:
            return _in_thread(fn, *args, **kwargs)
        attempt: Attempt = args[0]
        packed = pack_task(attempt.task)
        inputs = (attempt.node, attempt.number, attempt.previous, attempt.named)
        outcome: Future[Any] = Future()
        outcome.set_running_or_notify_cancel()

        def deliver(done: Future[bytes]) -> None:
            try:
                outcome.set_result(pickle.loads(done.result()))
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                outcome.set_exception(error)

        self._pool.submit(_run_packed, packed, inputs).add_done_callback(deliver)
        return outcome


def _in_thread(fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
    """Call what the pool is not for, such as what starts a process itself."""
    outcome: Future[Any] = Future()
    outcome.set_running_or_notify_cancel()

    def call() -> None:
        try:
            outcome.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            outcome.set_exception(error)

    threading.Thread(target=call, name="dotflow-pipeline", daemon=True).start()
    return outcome


def _run_packed(packed: bytes, inputs: tuple[Any, ...]) -> bytes:
    node, number, previous, named = inputs
    task = unpack_task(packed)
    outcome = run_attempt(Attempt(node, task, number, previous, named))
    return pack_outcome(outcome, task.name)
