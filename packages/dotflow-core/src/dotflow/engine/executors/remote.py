"""What an executor needs whose attempts run elsewhere; users find it in `dotflow.abc.remote`.

The driver packs an attempt (`Packing`), a worker runs it (`run_packed`), the driver reads
what came of it (`unpack_outcome`). All that travels is bytes, so that no engine in between
has to know of dotflow.
"""

from __future__ import annotations

import pickle
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

from dotflow.base.guard import STOPS, told
from dotflow.engine.attempt import failed_attempt, run_attempt
from dotflow.engine.collecting import hear_outcome, kinds_of, run_collecting
from dotflow.engine.executors.isolated import needs_process, run_isolated
from dotflow.engine.executors.processes import dumps_inputs, read_outcome, unsendable
from dotflow.engine.executors.variables import packed_variables, variables_set
from dotflow.engine.executors.worker_main import (
    not_loadable,
    pack_outcome,
    pack_task,
    run_sent,
    unable,
    unpack_task,
)
from dotflow.engine.heard_streams import hearing
from dotflow.errors import DotflowError, GraphError, NotPicklable, WorkerDied
from dotflow.model.current import current_attempt
from dotflow.model.outcome import Failure, Outcome
from dotflow.model.task import Attempt
from dotflow.types import TypeOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dotflow.model.task import TaskInstance

# Of how many steps a worker keeps what it has unpacked, whatever run they are of.
KNOWN_STEPS = 1000
# How much of a result still comes with the news of it; more stays where it was made, where
# the executor can leave it there.
INLINE_BYTES = 32 * 1024

_known: dict[bytes, Any] = {}
_NOTHING = nullcontext()


class PackedAttempt(NamedTuple):
    """An attempt without its inputs, as plain values.

    Attributes:
        node: The place of its task; an item's has its index as well.
        name: The name of its task.
        task: The task, pickled; the same bytes for all attempts of it.
        number: Which attempt it is, from 1.
        around: What is put around it, pickled, or None.
        kinds: What somebody listens to of what its step tells: names of events.
        variables: The context variables of the caller, for `variables_set`, or None.
    """

    node: int
    name: str
    task: bytes
    number: int
    around: bytes | None
    kinds: tuple[str, ...] = ()
    variables: bytes | None = None


class Packing:
    """Packs the attempts of one run.

    Args:
        tasks: All tasks of the run.

    Raises:
        GraphError: Some cannot be sent; the message names all of these.
    """

    def __init__(self, tasks: Sequence[TaskInstance]) -> None:
        # By identity: tasks are as they are for the whole run, and the list holds them.
        self._tasks = tasks
        self._packed: dict[int, bytes] = {}
        steps: dict[tuple[int, int], bytes] = {}
        self._variables = packed_variables()
        problems: list[str] = []
        for task in tasks:
            try:
                self._packed[id(task)] = pack_task(task, True, steps)
            except NotPicklable as error:
                problems.append(str(error))
        if problems:
            raise GraphError(problems)

    def attempt(self, attempt: Attempt) -> PackedAttempt:
        """Return an attempt of one of the tasks as plain values."""
        around = None
        if attempt.around is not None:
            from dotflow.abc.around import pack_around

            around = pack_around(attempt.around)
        task = attempt.task
        return PackedAttempt(
            attempt.node,
            task.name,
            self._packed[id(task)],
            attempt.number,
            around,
            kinds_of(attempt),
            self._variables,
        )

    @staticmethod
    def inputs(attempt: Attempt) -> bytes:
        """Pickle what an attempt is given.

        Raises:
            NotPicklable: It cannot be; the message names the task.
        """
        return dumps_inputs(attempt, (attempt.previous, attempt.named), elsewhere=True)


def run_packed(
    packed: PackedAttempt,
    inputs: Any,
    *,
    interruptible: bool | None = None,
    send: Callable[[bytes], object] | None = None,
) -> Outcome:
    """Run a packed attempt in this worker; it never raises but for what stops a process.

    A step that asks for a process of its own gets one, and `sys.exit` in a step is a
    crash of its attempt.

    Args:
        packed: The attempt.
        inputs: What `Packing.inputs` returned, or the previous context and the values by
            name themselves.
        interruptible: Whether a timeout can interrupt a step in this thread. Default: in
            the main thread of a process.
        send: Sends what its step tells while it runs to where `hear_live` is called with
            it, from any thread; it raises if nobody takes it yet, and what it has sent may
            be lost. None to have all of it come with the outcome alone.
    """
    if interruptible is None:
        interruptible = threading.current_thread() is threading.main_thread()
    if len(_known) > KNOWN_STEPS:
        _known.clear()
    kinds, variables = packed.kinds, packed.variables
    current_attempt.set(None)  # of a process that was forked within one
    with (
        hearing(kinds) if kinds else _NOTHING,
        variables_set(variables) if variables else _NOTHING,
    ):
        try:
            task = unpack_task(packed.task, _known)
            loaded = pickle.loads(inputs) if isinstance(inputs, bytes) else inputs
        except STOPS:
            raise
        except BaseException as error:  # noqa: BLE001 - pickling runs user code
            return not_loadable(packed.node, packed.name, error)
        apart = needs_process(task.step, interruptible)
        run = run_isolated if apart else run_attempt
        return run_sent(
            Attempt(packed.node, task, packed.number, *loaded),
            packed.around,
            lambda attempt: run_collecting(attempt, kinds, run, send),
        )


def packed_outcome(outcome: Outcome, name: str) -> bytes:
    """Pickle an outcome for the driver; see `unpack_outcome`.

    Args:
        outcome: What `run_packed` has returned.
        name: The name of its task, for an error.
    """
    return pack_outcome(outcome, name, elsewhere=True)


def unpack_outcome(data: bytes, attempt: Attempt) -> Outcome:
    """Return the outcome of an attempt that a worker has pickled."""
    outcome = read_outcome(data, attempt)
    outcome.node = attempt.node
    hear_outcome(outcome, attempt)
    return outcome


def lost_attempt(attempt: Attempt, why: BaseException | str) -> Outcome:
    """Return the outcome of an attempt whose worker was lost: a crash, worth a retry.

    Args:
        attempt: The attempt.
        why: What is known of it.
    """
    reason = why
    if isinstance(why, BaseException):
        reason = told(why).partition("\n")[0]
    died = WorkerDied(
        f"The worker of task '{attempt.task.name}' (attempt {attempt.number}) was lost"
        f" before it reported a result: {reason}."
    )
    return failed_attempt(attempt, died, TypeOutcome.CRASHED)


def unsendable_attempt(attempt: Attempt, error: BaseException) -> Outcome:
    """Return the outcome of an attempt that could not be sent, and cannot be.

    Args:
        attempt: The attempt.
        error: Why: a value has no pickle, or was lost with its worker.
    """
    lost = isinstance(error, WorkerDied)
    if not isinstance(error, DotflowError):
        error = unsendable(attempt, error)
    kind = TypeOutcome.CRASHED if lost else TypeOutcome.FAILED
    return failed_attempt(attempt, error, kind, retry=False)


def not_loaded(packed: PackedAttempt, error: BaseException) -> Outcome:
    """Return the outcome of an attempt whose inputs its worker cannot load."""
    problem = NotPicklable(
        f"The input of task '{packed.name}' cannot be loaded by its worker: {told(error)}."
    )
    return unable(packed.node, problem)


def cancelled_attempt(attempt: Attempt) -> Outcome:
    """Return the outcome of an attempt that was stopped."""
    return _stopped(attempt.node, attempt.task.name)


def cancelled_outcome(packed: PackedAttempt) -> Outcome:
    """Return, in a worker, the outcome of an attempt that was stopped."""
    return _stopped(packed.node, packed.name)


def _stopped(node: int, name: str) -> Outcome:
    error = WorkerDied(f"Task '{name}' was stopped.")
    failure = Failure.from_error(error, TypeOutcome.CANCELLED, ())
    return Outcome(node, None, failure, time.time())
