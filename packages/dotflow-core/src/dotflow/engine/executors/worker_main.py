"""What runs inside a worker process: attempts, one after the other, until told to end.

Imported in the child of a spawn as well, so it stays small.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.abc.around import unpack_around
from dotflow.base.forked_streams import renew_streams
from dotflow.base.guard import (
    STOPS,
    called,
    error_message,
    guarded,
    is_a,
    told,
    type_name,
)
from dotflow.base.imports import forget_imports
from dotflow.base.starting import current_run
from dotflow.engine.attempt import run_attempt
from dotflow.errors import NotPicklable, WorkerDied
from dotflow.model.current import current_attempt, of_worker
from dotflow.model.outcome import Failure, Outcome, exit_code, traceback_of
from dotflow.model.own import own_context
from dotflow.model.task import Attempt
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from dotflow.engine.executors.large import BuffersApart
    from dotflow.model.events import Told
    from dotflow.model.task import TaskInstance

# Orders of the parent: (node, name of the task, portable task or None, number of the
# attempt, previous context and named values, pickled if they could be, what the tracer
# puts around it, pickled, or None, what somebody listens to of what it tells, or None).
Order = tuple[Any, str, Any, int, Any, "bytes | None", "frozenset[type[Told]] | None"]

# What a worker sends when the clock of a step with a timeout starts, and what it is sent
# to end.
BEGUN = GOODBYE = b""
# What a forked worker sends before anything else: it holds on to no lock of its parent's.
ALIVE = b"."


def worker_main(
    connection: Connection[Any, Any],
    lifeline: int | None,
    tasks: Sequence[TaskInstance],
    first: Order | None,
    streams: list[Connection[Any, Any] | None] | None = None,
) -> None:
    """Serve orders until the parent closes the connection or is gone.

    Args:
        connection: Where orders come from and outcomes go to.
        lifeline: A file descriptor that reports the parent's end; None to use the
            sentinel that `multiprocessing` provides.
        tasks: The tasks of the run where this process was forked; empty where each
            order carries its own.
        first: An order that this process was forked with, or None.
        streams: Where descriptors 1 and 2 are to lead; None where nobody listens.
    """
    import pickle

    _lead_process_group()
    _reset_signals()
    if lifeline is not None:
        forget_imports()
        renew_streams()
    _die_with_parent(lifeline)
    if hasattr(os, "register_at_fork"):
        # What a step forks must not hold the connection open when this process dies.
        os.register_at_fork(after_in_child=connection.close)
    known: dict[int, TaskInstance] = dict(enumerate(tasks))
    if streams is not None:
        from dotflow.engine.executors.worker_streams import lead_streams

        lead_streams(streams)
    current_attempt.set(None)  # the one that has started the run, in another process
    try:
        if lifeline is not None:
            connection.send_bytes(ALIVE)
        begun = partial(connection.send_bytes, BEGUN)
        run = partial(_run_telling, connection)
        if first is not None:
            _report(connection, *served(first, known, begun, run))
        while (message := connection.recv_bytes()) != GOODBYE:
            outcome, name = served(pickle.loads(message), known, begun, run)
            _report(connection, outcome, name)
    except (EOFError, KeyboardInterrupt, ConnectionError):
        return  # the run is over


def served(
    order: Order,
    known: dict[Any, TaskInstance],
    begun: Callable[[], object],
    run: Callable[[Attempt, frozenset[type[Told]] | None], Outcome],
) -> tuple[Outcome, str]:
    """Run the attempt that was ordered; return its outcome and the name of its task.

    Args:
        order: What was ordered.
        known: The tasks that came before; one that the order brings is added.
        begun: Called when the clock of a step with a timeout starts.
        run: What runs the attempt here, given what somebody listens to of what it tells.
    """
    import pickle

    node, name, packed, number, inputs, packed_around, kinds = order
    try:
        if packed is not None:
            known[node] = unpack_task(packed)
        previous, named = pickle.loads(inputs) if isinstance(inputs, bytes) else inputs
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - pickling runs user code
        return not_loadable(node, name, error), name
    task = known[node]
    task.streams = False  # what a generator gives travels only as a whole
    if task.step.timeout:
        begun()
    attempt = Attempt(node, task, number, previous, named)
    return run_sent(attempt, packed_around, lambda sent: run(sent, kinds)), name


def run_sent(
    attempt: Attempt, around: bytes | None, run: Callable[[Attempt], Outcome]
) -> Outcome:
    """Run an attempt that was sent to this process.

    Args:
        attempt: The attempt.
        around: What the tracer puts around it, pickled, or None.
        run: What runs it here.
    """
    if around is not None:
        attempt.around = unpack_around(around)
    task, number = attempt.task, attempt.number
    initial = task.initial
    if initial is not None and task.step.wants_initial:
        # A further attempt may come to this process, or another thread have one.
        attempt.task = task = task.snapshot()
        task.initial = own_context(initial)
    outcome = run(attempt)
    if outcome.failure is not None and is_a(outcome.failure.error, SystemExit):
        outcome.failure = _left(outcome.failure.error, task, number)
    _flush()
    return outcome


def _run_telling(
    connection: Connection[Any, Any],
    attempt: Attempt,
    kinds: frozenset[type[Told]] | None,
) -> Outcome:
    """Run an attempt that tells its parent what somebody there listens to."""
    if not kinds:
        return run_attempt(attempt)
    from dotflow.engine.telling import WorkerOutlet

    attempt.outlet = outlet = WorkerOutlet(connection, kinds)
    of_worker.attempt = attempt
    outcome = run_attempt(attempt)
    of_worker.attempt = None
    outlet.close()
    return outcome


def _left(exit: Any, task: TaskInstance, number: int) -> Failure:
    """Describe a step that called `sys.exit` in a process of its own."""
    code = guarded(lambda: "" if exit.code is None else repr(exit.code), "…")
    error = WorkerDied(
        f"The process of task '{task.name}' (attempt {number}) ended before it reported"
        f" a result: the step called sys.exit({code})."
    ).with_traceback(traceback_of(exit))
    retry_on = task.step.policy.retry_on
    failure = Failure.from_error(error, TypeOutcome.CRASHED, retry_on)
    failure.exit_code = exit_code(exit)
    return failure


def not_loadable(node: int, name: str, error: BaseException) -> Outcome:
    """Return the outcome of an attempt whose task or inputs cannot be loaded here."""
    problem = f"Task '{name}' cannot be loaded in its process: {told(error)}."
    return unable(node, NotPicklable(problem))


def unable(node: int, problem: NotPicklable) -> Outcome:
    """Return the outcome of an attempt that could not be made here."""
    failure = Failure.final(problem)
    return Outcome(node, None, failure, time.time())


def _flush() -> None:
    """Show what the step has printed, as far as anyone is there to read it."""
    for stream in (sys.stdout, sys.stderr):
        called(lambda stream=stream: stream.flush())


def pack_task(
    task: TaskInstance,
    elsewhere: bool = False,
    packed: dict[tuple[int, int], bytes] | None = None,
) -> bytes:
    """Pickle what a worker needs of a task.

    Args:
        task: The task.
        elsewhere: Whether the worker has another `__main__` than this process.
        packed: What tasks of one step and workflow share, pickled; filled here. By the
            ids of both, which live at least as long.

    Raises:
        NotPicklable: It cannot be pickled; the message names the task.
    """
    from dotflow.engine.executors.transport import EXTRA, dumps, knows_step

    if not knows_step(task.step):
        raise NotPicklable(
            f"Task '{task.name}' cannot be sent to another process: its step is defined"
            " in a notebook, at a prompt or by `python -c`, where no process that is not"
            f" forked finds it. Install cloudpickle, by {EXTRA}, or define the step in a"
            " module."
        )
    known = {} if packed is None or task.initial is not None else packed
    step, workflow_id = task.step, task.workflow_id
    shared = known.get((id(step), id(workflow_id)))
    try:
        if shared is None:
            shared = dumps((step, task.initial, workflow_id), elsewhere)
            known[id(step), id(workflow_id)] = shared
        own = (task.name, task.checkpoint_key, task.task_id, task.group_name)
        return dumps((shared, current_run.get(), *own), elsewhere)
    except STOPS:
        raise
    except BaseException as error:
        raise NotPicklable(
            f"Task '{task.name}' cannot be sent to another process:"
            f" {error_message(error)}. Define its"
            " step with def at the top of a module, and give it an initial_context that"
            f" pickle can hold; cloudpickle, by {EXTRA}, sends functions of any place."
        ) from error


def unpack_task(packed: bytes, known: dict[bytes, Any] | None = None) -> TaskInstance:
    """Rebuild a task from `pack_task`.

    Args:
        packed: What that has returned.
        known: What tasks share, where this process keeps it; one that is new is added.
    """
    import pickle

    from dotflow.model.task import TaskInstance

    shared, run, name, key, task_id, group = pickle.loads(packed)
    current_run.set(run)  # a run that the step starts is one of this one's
    parts = None if known is None else known.get(shared)
    if parts is None:
        parts = pickle.loads(shared)
        if known is not None:
            known[shared] = parts
    step, initial, workflow_id = parts
    now = time.time()
    return TaskInstance.of_step(
        step, name, key, None, initial, task_id, now, workflow_id, group_name=group
    )


def _report(connection: Connection[Any, Any], outcome: Outcome, name: str) -> None:
    """Send an outcome to the parent."""
    from dotflow.engine.executors import large

    if not large.SUPPORTED:
        connection.send_bytes(pack_outcome(outcome, name))
        return
    apart = large.BuffersApart()
    message = pack_outcome(outcome, name, apart=apart)
    if apart.found or len(message) >= large.FROM_BYTES:
        try:
            large.send_large(connection, (message, *apart.found))
        except BrokenPipeError:
            raise
        except OSError:  # no memory for it now: as ever, then
            message = pack_outcome(outcome, name)
        else:
            return
    connection.send_bytes(message)


def pack_outcome(
    outcome: Outcome,
    task_name: str,
    elsewhere: bool = False,
    apart: BuffersApart | None = None,
) -> bytes:
    """Pickle an outcome; a value that has no pickle becomes a failure that says so.

    Args:
        outcome: The outcome.
        task_name: The name of its task.
        elsewhere: Whether it goes to another machine.
        apart: Takes its large buffers; None to have them in the pickle.
    """
    from dotflow.engine.executors.transport import dumps_back

    if outcome.failure is not None:
        outcome.failure = outcome.failure.without_error()
    try:
        return dumps_back(outcome.parts(), elsewhere, apart)
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - pickling runs user code
        problem = NotPicklable(
            f"The result of task '{task_name}', of type {type_name(outcome.value)},"
            f" cannot be sent to the parent process: {error_message(error)}. Return a"
            " value that pickle can hold, or run the workflow with mode='sequential'."
        )
        failed = outcome.without_value(Failure.final(problem))
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
