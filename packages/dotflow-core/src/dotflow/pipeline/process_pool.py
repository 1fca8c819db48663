"""`PickledPool`: a `ProcessPoolExecutor` for steps that its processes can import."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import Executor as Pool
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

from dotflow.engine.attempt import run_attempt
from dotflow.engine.collecting import hear_outcome, kinds_of, run_collecting
from dotflow.engine.executors.processes import dumps_inputs, read_outcome
from dotflow.engine.executors.worker_main import pack_outcome, pack_task, unpack_task
from dotflow.model.current import current_attempt
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
        given = (attempt.node, attempt.number, attempt.previous, attempt.named)
        # Here: in the pool's own thread, what it raises might end that.
        inputs = dumps_inputs(attempt, (*given, kinds_of(attempt)))
        outcome: Future[Any] = Future()
        outcome.set_running_or_notify_cancel()

        def deliver(done: Future[bytes]) -> None:
            try:
                ended = read_outcome(done.result(), attempt)
                hear_outcome(ended, attempt)
                outcome.set_result(ended)
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


def _run_packed(packed: bytes, inputs: bytes) -> bytes:
    node, number, previous, named, kinds = pickle.loads(inputs)
    task = unpack_task(packed)
    current_attempt.set(None)  # of a process that was forked within one
    attempt = Attempt(node, task, number, previous, named)
    return pack_outcome(run_collecting(attempt, kinds, run_attempt), task.name)
