"""Be inside what a tracer sends along with an attempt, and take it to a process."""

from __future__ import annotations

import os
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from dotflow.abc.executor import AnyExecutor
    from dotflow.model.outcome import Around, Outcome
    from dotflow.model.task import Attempt


_at_worker_end: set[tuple[int, Callable[[], object]]] = set()  # by process


def at_worker_end(call: Callable[[], object]) -> None:
    """Have a function called before this worker ends, once however often it is asked.

    In a process that is no worker nothing is done: there the interpreter's exit hooks
    run, which a worker ends without.

    Args:
        call: The function: sends what is left of what steps have told.
    """
    key = (os.getpid(), call)
    if key in _at_worker_end:
        return
    _at_worker_end.add(key)
    from multiprocessing import parent_process, util

    if parent_process() is not None:
        util.Finalize(None, call, exitpriority=100)


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
                # A step's failure is an outcome by now, and no exception to tell of.
                manager.__exit__(None, None, None)
            except Exception as error:  # noqa: BLE001 - as above
                _warn("could not be left", error)


def before_each(executor: AnyExecutor, prepare: Callable[[Attempt], None]) -> None:
    """Have each attempt of a run prepared before its executor takes it.

    Args:
        executor: The executor of the run, of either kind.
        prepare: Called with the attempt, in the loop's thread.
    """
    submit = executor.submit

    def submit_prepared(attempt: Attempt) -> Outcome | None:
        prepare(attempt)
        return submit(attempt)

    # On the one instance: a run that asks for nothing of this pays nothing.
    executor.submit = submit_prepared  # type: ignore[method-assign]


def unprepared(executor: AnyExecutor) -> AnyExecutor:
    """Return an executor without what `before_each` did for a former run of it."""
    vars(executor).pop("submit", None)
    return executor


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
    from dotflow.logging import warn

    warn(
        "What the tracer puts around an attempt %s, the attempt runs without it",
        what,
        error=error,
    )
