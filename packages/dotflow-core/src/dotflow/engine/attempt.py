"""One attempt of one task: what it is given, and how it is run here and now."""

from __future__ import annotations

import os
import sys
import time
from contextvars import copy_context
from types import AsyncGeneratorType, GeneratorType

from dotflow.base.coroutines import TaskTimeout, finished_value, read_once, whole
from dotflow.base.guard import Interruption, called, is_a
from dotflow.engine.control import RunCancelled
from dotflow.engine.steps import action_methods, run_methods
from dotflow.engine.timeout import call_within
from dotflow.model.context import Context
from dotflow.model.current import current_attempt
from dotflow.model.outcome import FailedWithin, Failure, Outcome
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context as Variables
    from typing import Any, NoReturn

    from dotflow.model.task import Attempt, TaskInstance

    Named = dict[str, Any] | None

_now = time.time
# The types of nearly every result: a set look-up spares them the scan of a class.
_PLAIN_TYPES = frozenset(
    (
        type(None), bool, int, float, complex, str, bytes, bytearray, memoryview,
        list, tuple, dict, set, frozenset, range,
    )
)  # fmt: skip


class StreamProxies:
    """The proxies before the standard streams, which `heard_streams` puts there.

    They are known here, since importing that would cost those whom nobody hears.

    Attributes:
        stdout: The one before `sys.stdout`.
        stderr: The one before `sys.stderr`.
        stand_again: What puts them there once more; None where nobody hears what steps
            print.
    """

    __slots__ = ("stand_again", "stderr", "stdout")

    def __init__(self) -> None:
        self.stdout: object = None
        self.stderr: object = None
        self.stand_again: Callable[[], None] | None = None

    def ensure(self) -> None:
        """Put them there once more where somebody has taken one away."""
        again = self.stand_again  # read once: another thread may end the hearing
        if again is not None and (
            sys.stdout is not self.stdout or sys.stderr is not self.stderr
        ):
            again()


proxies = StreamProxies()
# One more in every forked child: an attempt may go on in another process than it began
# in. Asking the system for the process would cost more than the whole attempt does here.
forks = [0]


def run_attempt(attempt: Attempt) -> Outcome:
    """Run an attempt in this thread and return its outcome.

    Nothing that a step raises or returns gets past it. What it sets context variables to
    is seen by the attempt alone.

    Raises:
        RunCancelled: The run has ended meanwhile.
    """
    if attempt.around is not None:
        return run_inside(attempt)
    task, forked, failure = attempt.task, forks[0], None
    context = copy_context()
    if attempt.outlet is not None:
        context.run(current_attempt.set, attempt)
        proxies.ensure()
    try:
        step = task.step
        if step.timeout:
            value = context.run(_timed_value, attempt)
        else:
            value = run_step(context, task, attempt.previous, attempt.named)
    except RunCancelled:
        context.run(attempt.end_telling)
        raise  # which is no outcome of the step
    except BaseException as error:  # noqa: BLE001 - a step may raise anything
        value, failure = None, failed_attempt(attempt, error).failure
    if attempt.outlet is not None and task.streams and read_once(value):
        value = heard_later(value, attempt)
    else:
        if attempt.at_end is not None:
            context.run(attempt.end_telling)
        attempt.outlet = None
    if forks[0] != forked:
        leave_child(failure)
    return Outcome(attempt.node, value, failure, _now())


def run_step(
    context: Variables, task: TaskInstance, previous: Context, named: Named = None
) -> Any:
    """Call the step of a task and bring what it returns to its end.

    Args:
        context: The context variables that it sees and sets.
        task: The task.
        previous: The context of the task upstream.
        named: Values for parameters named after upstream tasks, or None.
    """
    step = task.step
    value = (
        context.run(step.called)
        if step.bare
        else context.run(step.invoke, task, previous, named)
    )
    if value is not None and not is_plain(value):
        value = context.run(_ended, value, task, previous)
    return value


def _note_child() -> None:
    forks[0] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_child)


def leave_child(failure: Failure | None = None) -> NoReturn:
    """End a child that a step has forked and returned in.

    The run is its parent's: a child that went on would run all that follows once more,
    with the same storage and, in an event loop, on the same descriptors.
    """
    code = 0
    if failure is not None:
        given = getattr(failure.error, "code", None)
        code = given if type(given) is int else 1
        if not is_a(failure.error, SystemExit):
            called(lambda: sys.stderr.write(failure.traceback))
    for stream in (sys.stdout, sys.stderr):
        called(lambda stream=stream: stream.flush())
    os._exit(code & 0xFF)


def is_plain(value: object) -> bool:
    """Say at once of most values that they carry no `@action` methods."""
    try:
        return type(value) in _PLAIN_TYPES
    except Exception:  # noqa: BLE001 - a metaclass may have a __hash__ of its own
        return False


def invoked(attempt: Attempt) -> Any:
    """Call the step with its inputs; what it returns may be a coroutine."""
    return attempt.task.step.invoke(attempt.task, attempt.previous, attempt.named)


def heard_later(value: Any, attempt: Attempt) -> Any:
    """Return a generator that a map reads when the attempt has ended, as one heard."""
    from dotflow.engine.telling import heard_within, heard_within_async

    if type(value) is AsyncGeneratorType:
        return heard_within_async(value, attempt)
    return heard_within(value, attempt) if type(value) is GeneratorType else value


def _ended(value: Any, task: TaskInstance, previous: Context) -> Any:
    """Bring what a step returned to its end; see `rest`."""
    value = finished_value(value)
    return value if is_plain(value) else finished_value(rest(value, task, previous))


def has_rest(value: object) -> bool:
    """Say whether there is more to do than to return a value; see `rest`."""
    if is_a(value, Context):
        value = value.storage  # type: ignore[attr-defined]
    return read_once(value) or bool(action_methods(type(value)))


def rest(value: Any, task: TaskInstance, previous: Context) -> Any:
    """Do what belongs to a step after it has returned; a coroutine for what must be awaited.

    A generator is read to its end: its body is the step, whose retries, timeout and
    errors it has, and whatever depends on it, an attempt too, reads all of it. A map that
    alone takes its items reads it as it goes.
    """
    if read_once(value):
        return value if task.streams else whole(value)
    if is_a(value, Context):
        if read_once(value.storage) and not task.streams:
            value.storage = finished_value(whole(value.storage))
        return value
    return class_results(value, task, previous)


def _timed_value(attempt: Attempt) -> Any:
    """Run the step, and the methods of an object it returns, within one bound."""
    task = attempt.task
    name, seconds = task.name, task.step.timeout
    started = time.monotonic()
    value = call_within(seconds, lambda: invoked(attempt), name)
    if is_plain(value):
        return value
    left = max(seconds - (time.monotonic() - started), 0.001)
    return call_within(left, lambda: rest(value, task, attempt.previous), name)


def class_results(value: Any, task: TaskInstance, previous: Context) -> Any:
    """Run the `@action` methods of what a step returned, if it has any."""
    methods = action_methods(type(value))
    if not methods:
        return value
    return run_methods(
        value,
        methods,
        task.initial_context,
        previous,
        task.name,
        task.workflow_id,
    )


def failed_attempt(
    attempt: Attempt, error: BaseException, kind: str | None = None, retry: bool = True
) -> Outcome:
    """Return the outcome of an attempt that ended in an error.

    Args:
        attempt: The attempt.
        error: What ended it.
        kind: A `TypeOutcome`; None for what the error says.
        retry: Whether another attempt could help at all.
    """
    if is_a(error, FailedWithin):
        return Outcome(attempt.node, None, error.failure, _now())  # type: ignore[attr-defined]
    if kind is None:
        kind = _kind_of(error)
    retry_on = attempt.task.step.policy.retry_on if retry else ()
    return Outcome(
        attempt.node, None, Failure.from_error(error, kind, retry_on), _now()
    )


def _kind_of(error: BaseException) -> str:
    if is_a(error, TaskTimeout):
        return TypeOutcome.TIMEOUT
    stopped = is_a(error, (KeyboardInterrupt, Interruption))
    return TypeOutcome.CANCELLED if stopped else TypeOutcome.FAILED


def run_inside(attempt: Attempt) -> Outcome:
    """Run an attempt inside what its tracer has sent along."""
    from dotflow.abc.around import entered

    around, attempt.around = attempt.around, None
    with entered(around):
        return run_attempt(attempt)
