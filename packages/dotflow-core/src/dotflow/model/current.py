"""The attempt that code runs in, where somebody listens to it; see `engine.telling`."""

from __future__ import annotations

from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.model.task import Attempt

current_attempt: ContextVar[Attempt | None] = ContextVar(
    "dotflow_attempt", default=None
)


class WorkerAttempt:
    """The attempt of a worker process, which has one at a time.

    Whatever its threads print and tell is of it, also where they know nothing of it.

    Attributes:
        attempt: What it runs; None between two, and in a process that is no worker.
    """

    __slots__ = ("attempt",)

    def __init__(self) -> None:
        self.attempt: Attempt | None = None


# Set by `worker_main` alone.
of_worker = WorkerAttempt()


def this_attempt() -> Attempt | None:
    """Return the attempt that the calling code runs in; None outside of one."""
    return current_attempt.get() or of_worker.attempt
