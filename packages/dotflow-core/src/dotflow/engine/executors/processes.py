"""Runs attempts in worker processes that are used again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dotflow.abc.executor import Executor, attempts_at_once
from dotflow.base.coroutines import timed_out
from dotflow.base.guard import STOPS, error_message, told, type_name
from dotflow.engine.attempt import failed_attempt
from dotflow.engine.executors.worker import GOODBYE_SECONDS, INTERRUPT_SECONDS, Worker
from dotflow.engine.executors.worker_main import ALIVE, BEGUN, Order, pack_task
from dotflow.engine.telling import is_heard, is_telling, pass_on
from dotflow.errors import GraphError, NotPicklable, WorkerDied
from dotflow.model.events import TaskOutput
from dotflow.model.outcome import Outcome
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from dotflow.model.task import Attempt, TaskInstance

# More groups than this share processes.
MAX_GROUPS = 32
# A step that can be interrupted in place has this long, beyond its timeout, to tell.
GRACE_SECONDS = 2.0 if hasattr(signal, "setitimer") else 0.0
# A process has this long to start and import what it needs before the clock starts.
START_SECONDS = 60.0


class ProcessExecutor(Executor):
    """The executor of `parallel` and of groups.

    Args:
        by_group: Keep the tasks of a group in one process, one process a group.
        start_method: "fork", "spawn" or "forkserver". Default: what
            `multiprocessing.set_start_method` was told, else fork where there is one.
    """

    shares = False

    def __init__(self, by_group: bool = False, start_method: str | None = None) -> None:
        self._by_group = by_group
        self._start_method = start_method
        self._workers: list[Worker] = []
        self._tasks: Sequence[TaskInstance] = ()
        self._packed: list[bytes] | None = None

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Decide on the number of processes; each starts with its first attempt."""
        import multiprocessing

        method = self._start_method or _default_start_method()
        self._context = multiprocessing.get_context(method)
        self._tasks = tasks
        if method != "fork":
            self._packed = _pack_all(tasks)
        if self._by_group:
            groups = len({task.group_name for task in tasks})
            self.slots = max(1, min(groups, max_parallel or MAX_GROUPS))
        else:
            self.slots = attempts_at_once(tasks, max_parallel or usable_cores())

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Hand the attempt to a free process."""
        task, forks = attempt.task, self._packed is None
        inputs = (attempt.previous, attempt.named)
        portable: bytes | None = None
        try:
            portable = _pickled(inputs, forks)
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - pickling runs user code
            if not forks:
                problem = unsendable(attempt, error)
                return failed_attempt(attempt, problem, TypeOutcome.FAILED, retry=False)
        worker = None if portable is None else self._idle_worker(task.group_name)
        try:
            if worker is None:
                # What cannot be pickled can be inherited, by a process that starts now.
                first = None if portable else _order(attempt, None, inputs)
                worker = self._new_worker(attempt, first)
        except OSError as error:
            died = WorkerDied(
                f"No process could be started for '{task.name}': {error}."
            )
            return failed_attempt(attempt, died, TypeOutcome.CRASHED)
        worker.attempt = attempt
        if task.step.timeout or (forks and not worker.answered):
            worker.deadline = time.monotonic() + START_SECONDS
        if portable is not None:
            self._send(worker, attempt, portable)
        return None

    def _send(self, worker: Worker, attempt: Attempt, inputs: bytes) -> None:
        node, packed = attempt.node, None
        if self._packed is not None and node not in worker.packed:
            packed = self._packed[node]
            worker.packed.add(node)
        try:
            worker.send(_order(attempt, packed, inputs))
        except OSError:
            pass  # it has died; wait() will find that and say how

    def wait(self, timeout: float | None) -> list[Outcome]:
        """Collect what the processes report, and what became of those that died."""
        from multiprocessing.connection import wait

        busy = [worker for worker in self._workers if worker.attempt is not None]
        if not busy:
            if timeout:
                time.sleep(timeout)
            return []
        handles: list[Any] = [worker.connection for worker in busy]
        handles += [worker.exited for worker in busy]
        patience = _until_next_deadline(busy, timeout)
        if busy[0].streams is None:
            ready = set(wait(handles, patience))
        else:
            from dotflow.engine.executors.worker_streams import wait_and_read

            ready = wait_and_read(self._workers, handles, patience)
        outcomes: list[Outcome] = []
        for worker in busy:
            outcome = self._outcome_of(worker, ready)
            if outcome is not None:
                outcomes.append(outcome)
        return outcomes

    def close(self, kill: bool = False) -> None:
        """End every process; interrupt the steps first, so that they can clean up."""
        workers, self._workers = self._workers, []
        until = time.monotonic() + (INTERRUPT_SECONDS if kill else GOODBYE_SECONDS)
        try:
            for worker in workers:
                if kill and worker.attempt is not None:
                    worker.interrupt()
                worker.say_goodbye()
            for worker in workers:
                worker.has_ended(max(0.0, until - time.monotonic()))
        finally:  # a second Ctrl-C comes here
            for worker in workers:
                worker.release()

    def _idle_worker(self, group: str) -> Worker | None:
        """Return a process that waits for work; one of its group where they keep apart.

        Where no more processes may start, that of another group is taken over.
        """
        idle = [worker for worker in self._workers if worker.attempt is None]
        mine = [w for w in idle if w.group == group] if self._by_group else idle
        full = len(self._workers) >= self.slots
        for worker in mine or (idle if full else ()):
            # What a step has left in it may have ended it since.
            if not worker.has_ended():
                worker.group = group
                return worker
            self._discard(worker)
        return None

    def _new_worker(self, attempt: Attempt, first: Order | None) -> Worker:
        """Start a process, in place of an idle one where there may be no more."""
        if len(self._workers) >= self.slots:
            # There is an idle one: the loop never has more attempts out than slots.
            self._discard(next(w for w in self._workers if w.attempt is None))
        worker = Worker(self._context)
        worker.group = attempt.task.group_name
        self._workers.append(worker)
        try:
            worker.start(self._tasks, first, is_heard(attempt, TaskOutput))
        except OSError:
            self._discard(worker)
            raise
        return worker

    def _outcome_of(self, worker: Worker, ready: set[Any]) -> Outcome | None:
        attempt = worker.attempt
        if attempt is None:
            return None
        # A dead process may have reported before it died: what it said counts.
        if worker.connection in ready or (
            worker.exited in ready and worker.has_message()
        ):
            try:
                message = worker.receive()
                while is_telling(message):
                    pass_on(message, attempt)
                    if not worker.has_message():
                        return None
                    message = worker.receive()
                apart = worker.receive_apart(message)
            except (EOFError, OSError):
                return self._died(worker, attempt)
            return self._received(worker, attempt, message, apart)
        if worker.exited in ready:
            return self._died(worker, attempt)
        if worker.deadline is not None and time.monotonic() >= worker.deadline:
            self._discard(worker)
            name = attempt.task.name
            if not worker.answered:
                return failed_attempt(attempt, _never_began(name), TypeOutcome.CRASHED)
            error = timed_out(name, attempt.task.step.timeout)
            return failed_attempt(attempt, error, TypeOutcome.TIMEOUT)
        return None

    def _received(
        self,
        worker: Worker,
        attempt: Attempt,
        message: bytes,
        apart: Sequence[memoryview],
    ) -> Outcome | None:
        if message == ALIVE:
            if not attempt.task.step.timeout:
                worker.deadline = None
            return None
        if message == BEGUN:
            limit = attempt.task.step.timeout + GRACE_SECONDS
            worker.deadline = time.monotonic() + limit
            return None
        worker.end_attempt()
        worker.deadline = None
        outcome = (
            read_outcome(apart[0], attempt, apart[1:])
            if apart
            else read_outcome(message, attempt)
        )
        if outcome.failure is not None and outcome.failure.kind == TypeOutcome.TIMEOUT:
            self._discard(worker)  # and with it all that the attempt has started
        return outcome

    def _died(self, worker: Worker, attempt: Attempt) -> Outcome:
        error = WorkerDied(
            f"The process of task '{attempt.task.name}' (attempt {attempt.number}) died"
            f" before it reported a result: {worker.how_it_died()}."
        )
        self._discard(worker)
        return failed_attempt(attempt, error, TypeOutcome.CRASHED)

    def _discard(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.release()


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _order(attempt: Attempt, packed: bytes | None, inputs: Any) -> Order:
    around = None
    if attempt.around is not None:
        from dotflow.abc.around import pack_around

        around = pack_around(attempt.around)
    outlet = attempt.outlet
    kinds = None if outlet is None else outlet.kinds
    return (
        attempt.node,
        attempt.task.name,
        packed,
        attempt.number,
        inputs,
        around,
        kinds,
    )


def _default_start_method() -> str:
    import multiprocessing

    chosen = multiprocessing.get_start_method(allow_none=True)
    if chosen is not None:
        return chosen
    # Scripts of dotflow 1.x have no `if __name__ == "__main__"`, which spawn needs.
    return "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"


def _pack_all(tasks: Sequence[TaskInstance]) -> list[bytes]:
    packed: list[bytes] = []
    problems: list[str] = []
    for task in tasks:
        try:
            packed.append(pack_task(task))
        except NotPicklable as error:
            problems.append(str(error))
    if problems:
        raise GraphError(problems)
    return packed


def _until_next_deadline(workers: list[Worker], timeout: float | None) -> float | None:
    deadlines = [w.deadline for w in workers if w.deadline is not None]
    if not deadlines:
        return timeout
    left = max(0.0, min(deadlines) - time.monotonic())
    return left if timeout is None else min(left, timeout)


def _pickled(inputs: Any, forks: bool) -> bytes:
    if forks:
        import pickle

        return pickle.dumps(inputs, pickle.HIGHEST_PROTOCOL)
    from dotflow.engine.executors.transport import dumps

    return dumps(inputs)


def _never_began(name: str) -> WorkerDied:
    return WorkerDied(
        f"The process of task '{name}' did not begin within {START_SECONDS:g} s: maybe it"
        " waits for a lock that a thread held when it was forked. Choose"
        ' multiprocessing.set_start_method("forkserver").'
    )


def read_outcome(
    message: bytes | memoryview, attempt: Attempt, buffers: Sequence[memoryview] = ()
) -> Outcome:
    """Return the outcome of an attempt that another process has pickled.

    Args:
        message: The pickle.
        attempt: The attempt.
        buffers: What was taken out of the pickle.
    """
    import pickle

    try:
        parts = pickle.loads(message, buffers=buffers)
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - pickling runs user code
        problem = NotPicklable(
            f"The result of task '{attempt.task.name}' cannot be read in the parent"
            f" process: {told(error)}."
        )
        return failed_attempt(attempt, problem, TypeOutcome.FAILED, retry=False)
    return Outcome.of_parts(attempt.node, *parts)


def dumps_inputs(attempt: Attempt, inputs: Any, elsewhere: bool = False) -> bytes:
    """Pickle what an attempt is given; a failure to do so names the task."""
    from dotflow.engine.executors.transport import dumps

    try:
        return dumps(inputs, elsewhere)
    except STOPS:
        raise
    except BaseException as error:
        raise unsendable(attempt, error) from error


def unsendable(attempt: Attempt, error: BaseException) -> NotPicklable:
    """Return the error of an input that has no pickle."""
    return NotPicklable(
        f"The input of task '{attempt.task.name}', of type"
        f" {type_name(attempt.previous.storage)}, cannot be sent to its process:"
        f" {error_message(error)}"
    )
