"""What a tracer puts around attempts, in whichever thread or process they run."""

from __future__ import annotations

from contextlib import contextmanager

from dotflow.abc.tracer import Tracer
from dotflow.engine.attempt import Attempt, run_attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from dotflow.abc.executor import AnyExecutor
    from dotflow.abc.tracer import Around
    from dotflow.engine.events import EventBus
    from dotflow.engine.outcome import Outcome


def trace_attempts(executor: AnyExecutor, tracer: Tracer, bus: EventBus) -> None:
    """Send what `tracer` wants around an attempt along with it.

    Args:
        executor: The executor of the run, of either kind.
        tracer: An active tracer.
        bus: Where a failure of it is reported.
    """
    if type(tracer).around is Tracer.around:
        return
    submit = executor.submit

    def submit_traced(attempt: Attempt) -> Outcome | None:
        try:
            attempt.around = tracer.around(attempt.task)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            bus.report(type(tracer).__name__, error)
        return submit(attempt)

    # On the one instance: a run without a tracer pays nothing for any of this.
    executor.submit = submit_traced  # type: ignore[method-assign]


def run_inside(attempt: Attempt) -> Outcome:
    """Run an attempt inside what its tracer has sent along."""
    around, attempt.around = attempt.around, None
    with entered(around):
        return run_attempt(attempt)


@contextmanager
def entered(around: Around | None) -> Iterator[None]:
    """Be inside what a tracer has sent along, as far as that works.

    Args:
        around: What `Tracer.around` has returned.
    """
    if around is None:
        yield
        return
    manager: Any = None
    try:
        manager = around()
        manager.__enter__()
    except Exception as error:  # noqa: BLE001 - telling never breaks running
        manager = None
        _warn("could not be entered", error)
    try:
        yield
    finally:
        if manager is not None:
            try:
                manager.__exit__(None, None, None)
            except Exception as error:  # noqa: BLE001 - as above
                _warn("could not be left", error)


def pack_around(around: Around | None) -> bytes | None:
    """Pickle what goes around an attempt; without it where that cannot be done."""
    if around is None:
        return None
    import pickle

    try:
        return pickle.dumps(around, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - telling never breaks running
        _warn("cannot be sent to another process", error)
        return None


def unpack_around(packed: bytes | None) -> Around | None:
    """Rebuild what `pack_around` has pickled."""
    if packed is None:
        return None
    import pickle

    try:
        around: Around = pickle.loads(packed)
    except Exception as error:  # noqa: BLE001 - telling never breaks running
        _warn("cannot be loaded in this process", error)
        return None
    return around


def _warn(what: str, error: Exception) -> None:
    from dotflow.logging import logger

    logger.warning(
        "What the tracer puts around an attempt %s, the attempt runs without it: %s: %s",
        what,
        type(error).__name__,
        error,
    )
