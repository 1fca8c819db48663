"""One attempt of one task: what it is given, and how it is run here and now."""

from __future__ import annotations

import time

from dotflow.base.coroutines import TaskTimeout, finished_value
from dotflow.engine.control import RunCancelled
from dotflow.engine.steps import action_methods, run_methods
from dotflow.engine.timeout import TimeUp, call_within
from dotflow.model.context import Context
from dotflow.model.outcome import FailedWithin, Failure, Outcome
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.model.task import Attempt

_now = time.time
# The types of nearly every result: a set look-up spares them the scan of a class.
_PLAIN_TYPES = frozenset(
    (
        type(None), bool, int, float, complex, str, bytes, bytearray, memoryview,
        list, tuple, dict, set, frozenset, range, Context,
    )
)  # fmt: skip


def run_attempt(attempt: Attempt) -> Outcome:
    """Run an attempt in this thread and return its outcome; never raises."""
    if attempt.around is not None:
        return run_inside(attempt)
    try:
        if attempt.task.step.timeout:
            value = _timed_value(attempt)
        else:
            value = _call(attempt)
            if not is_plain(value):
                value = class_results(finished_value(value), attempt)
    except RunCancelled:
        raise  # the run ends, which is no outcome of the step
    except TaskTimeout as error:
        return failed_attempt(attempt, error, TypeOutcome.TIMEOUT)
    except (KeyboardInterrupt, TimeUp) as error:
        return failed_attempt(attempt, error, TypeOutcome.CANCELLED)
    except BaseException as error:  # noqa: BLE001 - a step may raise anything
        return failed_attempt(attempt, error, TypeOutcome.FAILED)
    return Outcome(attempt.node, value, None, _now())


def _call(attempt: Attempt) -> Any:
    return attempt.task.step.invoke(attempt.task, attempt.previous, attempt.named)


def is_plain(value: object) -> bool:
    """Say at once of most values that they carry no `@action` methods."""
    try:
        return type(value) in _PLAIN_TYPES
    except TypeError:
        return False  # a class may have a metaclass that cannot be hashed


def _timed_value(attempt: Attempt) -> Any:
    """Run the step, and the methods of an object it returns, within one bound."""
    name, seconds = attempt.task.name, attempt.task.step.timeout
    started = time.monotonic()
    value = call_within(seconds, lambda: _call(attempt), name)
    if is_plain(value):
        return value
    left = max(seconds - (time.monotonic() - started), 0.001)
    return call_within(left, lambda: class_results(value, attempt), name)


def class_results(value: Any, attempt: Attempt) -> Any:
    """Run the `@action` methods of what a step returned, if it has any."""
    methods = action_methods(type(value))
    if not methods:
        return value
    task = attempt.task
    return run_methods(
        value,
        methods,
        task.initial_context,
        attempt.previous,
        task.name,
        task.workflow_id,
    )


def failed_attempt(
    attempt: Attempt, error: BaseException, kind: str, retry: bool = True
) -> Outcome:
    """Return the outcome of an attempt that ended in an error.

    Args:
        attempt: The attempt.
        error: What ended it.
        kind: A `TypeOutcome`.
        retry: Whether another attempt could help at all.
    """
    if isinstance(error, FailedWithin):
        return Outcome(attempt.node, None, error.failure, _now())
    retry_on = attempt.task.step.policy.retry_on if retry else ()
    return Outcome(
        attempt.node, None, Failure.from_error(error, kind, retry_on), _now()
    )


def run_inside(attempt: Attempt) -> Outcome:
    """Run an attempt inside what its tracer has sent along."""
    from dotflow.abc.around import entered

    around, attempt.around = attempt.around, None
    with entered(around):
        return run_attempt(attempt)
