"""`Outcome`: what came of an attempt, a value or a `Failure`."""

from __future__ import annotations

from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import FrameType
    from typing import Any

    # What a tracer puts around an attempt, in whichever process it runs.
    Around = Callable[[], AbstractContextManager[Any]]


class Failure:
    """Why an attempt failed, in values that travel between processes.

    Args:
        kind: A `TypeOutcome`: Failed, Crashed, Timeout or Cancelled.
        exception: The name of the exception's class.
        message: What it said; never empty.
        traceback: The user's part of the traceback, or `""`.
        error: The exception itself where it was raised in this process.
        retryable: Whether the task's policy names this exception in `retry_on`.
        fatal: Whether it ends the whole run: `KeyboardInterrupt`, `SystemExit` and
            others that are no `Exception`.
    """

    __slots__ = (
        "error",
        "exception",
        "fatal",
        "kind",
        "message",
        "retryable",
        "traceback",
    )

    def __init__(
        self,
        kind: str,
        exception: str,
        message: str,
        traceback: str = "",
        error: BaseException | None = None,
        retryable: bool = True,
        fatal: bool = False,
    ) -> None:
        self.kind = kind
        self.exception = exception
        self.message = message
        self.traceback = traceback
        self.error = error
        self.retryable = retryable
        self.fatal = fatal

    @classmethod
    def from_error(
        cls,
        error: BaseException,
        kind: str = TypeOutcome.FAILED,
        retry_on: tuple[type[BaseException], ...] = (Exception,),
    ) -> Failure:
        """Describe an exception that was just caught."""
        name = "TimeoutError" if kind == TypeOutcome.TIMEOUT else type(error).__name__
        return cls(
            kind,
            name,
            error_message(error),
            error_traceback(error),
            error,
            isinstance(error, retry_on),
            not isinstance(error, Exception) and not _is_cancellation(error),
        )

    @classmethod
    def final(cls, error: BaseException) -> Failure:
        """Describe an exception that no further attempt would mend."""
        return cls.from_error(error, retry_on=())

    def without_error(self) -> Failure:
        """Return a copy that can be pickled: exceptions of user code often cannot.

        Of those that end a run only an interruption does so from another process.
        """
        copy = Failure(self.kind, self.exception, self.message, self.traceback)
        copy.retryable = self.retryable
        if isinstance(self.error, KeyboardInterrupt):
            copy.error = KeyboardInterrupt()
            copy.fatal = True
        return copy


class Outcome:
    """The end of one attempt.

    Args:
        node: The task's place in the graph.
        value: What the step returned; None where it failed.
        failure: Why it failed; None where it succeeded.
        finished: When it ended, in seconds since the epoch.
    """

    __slots__ = ("failure", "finished", "node", "value")

    def __init__(
        self, node: int, value: Any, failure: Failure | None, finished: float
    ) -> None:
        self.node = node
        self.value = value
        self.failure = failure
        self.finished = finished


class FailedWithin(Exception):
    """Carries why a part of a step failed out of the step, as it is to be told.

    Args:
        failure: The failure of the part.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def error_message(error: BaseException) -> str:
    """Return what an exception says, or its class where it says nothing."""
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001 - __str__ is user code
        text = f"(its message could not be read: {type(broken).__name__})"
    return text or f"{type(error).__name__} was raised without a message"


def error_traceback(error: BaseException) -> str:
    """Format a traceback from the first frame that is not dotflow's own."""
    import traceback

    frame = error.__traceback__
    while frame is not None and is_ours(frame.tb_frame):
        frame = frame.tb_next
    trimmed = frame if frame is not None else error.__traceback__
    return "".join(traceback.format_exception(type(error), error, trimmed))


def is_ours(frame: FrameType) -> bool:
    """Say whether a frame runs dotflow's own code rather than a step's."""
    module = frame.f_globals.get("__name__")
    return isinstance(module, str) and module.startswith(
        (
            "dotflow.engine.",
            "dotflow.model.",
            "dotflow.base.",
            "dotflow.workflow.",
            "dotflow.pipeline.",
        )
    )


def _is_cancellation(error: BaseException) -> bool:
    """Say whether a coroutine was cancelled: no `Exception`, but it ends only itself."""
    kind = type(error)
    return kind.__name__ == "CancelledError" and kind.__module__.startswith("asyncio")
