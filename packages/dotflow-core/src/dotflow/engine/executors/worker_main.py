"""What runs inside a worker process: attempts, one after the other, until told to end.

Imported in the child of a spawn as well, so it stays small.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dotflow.engine.attempt import run_attempt
from dotflow.errors import NotPicklable, WorkerDied
from dotflow.model.outcome import Failure, Outcome
from dotflow.model.task import Attempt
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from dotflow.model.task import TaskInstance

# Orders of the parent: (node, name of the task, portable task or None, number of the
# attempt, previous context and named values, pickled if they could be, what the tracer
# puts around it, pickled, or None).
Order = tuple[int, str, Any, int, Any, "bytes | None"]

# What a worker sends when the clock of a step with a timeout starts, and what it is sent
# to end.
BEGUN = GOODBYE = b""


def worker_main(
    connection: Connection[Any, Any],
    lifeline: int | None,
    tasks: Sequence[TaskInstance],
    first: Order | None,
) -> None:
    """Serve orders until the parent closes the connection or is gone.

    Args:
        connection: Where orders come from and outcomes go to.
        lifeline: A file descriptor that reports the parent's end; None to use the
            sentinel that `multiprocessing` provides.
        tasks: The tasks of the run where this process was forked; empty where each
            order carries its own.
        first: An order that this process was forked with, or None.
    """
    import pickle

    _lead_process_group()
    _reset_signals()
    _die_with_parent(lifeline)
    if hasattr(os, "register_at_fork"):
        # What a step forks must not hold the connection open when this process dies.
        os.register_at_fork(after_in_child=connection.close)
    known: dict[int, TaskInstance] = dict(enumerate(tasks))
    try:
        if first is not None:
            connection.send_bytes(_serve(first, known, connection))
        while (message := connection.recv_bytes()) != GOODBYE:
            connection.send_bytes(_serve(pickle.loads(message), known, connection))
    except (EOFError, KeyboardInterrupt, ConnectionError):
        return  # the run is over


def _serve(
    order: Order, known: dict[int, TaskInstance], connection: Connection[Any, Any]
) -> bytes:
    """Run the attempt that was ordered and return its outcome, pickled."""
    import pickle

    node, name, packed, number, inputs, packed_around = order
    try:
        if packed is not None:
            known[node] = unpack_task(packed)
        previous, named = pickle.loads(inputs) if isinstance(inputs, bytes) else inputs
    except Exception as error:  # noqa: BLE001 - pickling runs user code
        problem = NotPicklable(
            f"Task '{name}' cannot be loaded in its process:"
            f" {type(error).__name__}: {error}."
        )
        return pack_outcome(_unable(node, problem), name)
    task = known[node]
    if task.step.timeout:
        connection.send_bytes(BEGUN)
    around = None
    if packed_around is not None:
        from dotflow.abc.around import unpack_around

        around = unpack_around(packed_around)
    outcome = run_attempt(Attempt(node, task, number, previous, named, around))
    if outcome.failure is not None and isinstance(outcome.failure.error, SystemExit):
        outcome.failure = _left(outcome.failure.error, task, number)
    _flush()
    return pack_outcome(outcome, name)


def _left(exit: SystemExit, task: TaskInstance, number: int) -> Failure:
    """Describe a step that called `sys.exit` in a process of its own."""
    error = WorkerDied(
        f"The process of task '{task.name}' (attempt {number}) ended before it reported"
        f" a result: the step called sys.exit({'' if exit.code is None else exit.code!r})."
    ).with_traceback(exit.__traceback__)
    return Failure.from_error(error, TypeOutcome.CRASHED, task.step.policy.retry_on)


def _unable(node: int, problem: NotPicklable) -> Outcome:
    failure = Failure.final(problem)
    return Outcome(node, None, failure, time.time())


def _flush() -> None:
    """Show what the step has printed, as far as anyone is there to read it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # no stream at all, a closed pipe, a closed file


def pack_task(task: TaskInstance) -> bytes:
    """Pickle what a worker needs of a task.

    Raises:
        NotPicklable: It cannot be pickled; the message names the task.
    """
    import pickle

    parts = (
        task.task_id,
        task.step,
        task.initial_context,
        task.workflow_id,
        task.group_name,
        task.name,
    )
    try:
        return pickle.dumps(parts, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise NotPicklable(
            f"Task '{task.name}' cannot be sent to another process: {error}. Define its"
            " step with def at the top of a module, and give it an initial_context that"
            " pickle can hold."
        ) from error


def unpack_task(packed: bytes) -> TaskInstance:
    """Rebuild a task from `pack_task`."""
    import pickle

    from dotflow.model.task import TaskInstance

    task_id, step, initial, workflow_id, group_name, name = pickle.loads(packed)
    return TaskInstance(
        task_id,
        step,
        initial_context=initial,
        workflow_id=workflow_id,
        group_name=group_name,
        name=name,
    )


def pack_outcome(outcome: Outcome, task_name: str) -> bytes:
    """Pickle an outcome; a value that has no pickle becomes a failure that says so."""
    import pickle

    if outcome.failure is not None:
        outcome.failure = outcome.failure.without_error()
    try:
        return pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - pickling runs user code
        problem = NotPicklable(
            f"The result of task '{task_name}', of type"
            f" {type(outcome.value).__module__}.{type(outcome.value).__qualname__},"
            f" cannot be sent to the parent process: {error}. Return a value that pickle"
            " can hold, or run the workflow with mode='sequential'."
        )
        failed = _unable(outcome.node, problem)
        return pack_outcome(failed, task_name)


def _lead_process_group() -> None:
    """Lead a group of its own, so that what a step has started can be ended with it."""
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)


def _reset_signals() -> None:
    """Undo what a fork has inherited: the parent decides when a run ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(
            signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
        )


def _die_with_parent(lifeline: int | None) -> None:
    """End this process group as soon as the parent is gone, whatever a step does."""
    if lifeline is None:
        from multiprocessing import parent_process

        parent = parent_process()
        if parent is None:
            return
        lifeline = parent.sentinel
    if sys.platform == "linux":
        import fcntl

        # The kernel kills the group when the other end closes (fcntl(2), F_SETSIG):
        # no thread is needed, and code that never returns to Python is ended as well.
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
        flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC | os.O_NONBLOCK)
        try:
            os.read(lifeline, 1)
        except BlockingIOError:
            return
        os._exit(1)  # the parent was gone before the kernel was asked
    import threading

    threading.Thread(
        target=_end_with, args=(lifeline,), name="dotflow-lifeline", daemon=True
    ).start()


def _end_with(lifeline: int) -> None:
    from multiprocessing.connection import wait

    wait([lifeline])
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
