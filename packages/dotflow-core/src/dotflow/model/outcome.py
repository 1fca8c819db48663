"""`Outcome`: what came of an attempt, a value or a `Failure`."""

from __future__ import annotations

import sys

from dotflow.base.guard import (
    STOPS,
    error_message,
    error_name,
    guarded,
    is_a,
    told,
)
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import FrameType, TracebackType
    from typing import Any

    # What a tracer puts around an attempt, in whichever process it runs.
    Around = Callable[[], AbstractContextManager[Any]]


# Past a property of that name.
traceback_of: Callable[[BaseException], TracebackType | None]
traceback_of = BaseException.__dict__["__traceback__"].__get__
_code_of: Callable[[SystemExit], object] = SystemExit.__dict__["code"].__get__


def exit_code(error: SystemExit) -> int:
    """Return what a program exits with that `sys.exit` in a step has ended.

    It is never 0: the step has not completed. A text, and whatever else is no number, is
    1, as for Python itself.
    """
    code = _code_of(error)
    return int.__and__(code, 0xFF) or 1 if is_a(code, int) else 1  # type: ignore[operator]


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

    Attributes:
        exit_code: What the program is to exit with, where the step has called `sys.exit`
            in whichever process; 0 where it has not.
    """

    __slots__ = (
        "error",
        "exception",
        "exit_code",
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
        self.exit_code = exit_code(error) if is_a(error, SystemExit) else 0  # type: ignore[arg-type]

    @classmethod
    def from_error(
        cls,
        error: BaseException,
        kind: str = TypeOutcome.FAILED,
        retry_on: tuple[type[BaseException], ...] = (Exception,),
    ) -> Failure:
        """Describe an exception that was just caught.

        It cannot raise, whatever code the exception has of its own: an attempt whose
        end could not be told would never end. Only its real class is looked at.
        """
        name = "TimeoutError" if kind == TypeOutcome.TIMEOUT else error_name(error)
        failure = cls(
            kind,
            name,
            error_message(error),
            error_traceback(error),
            error,
            guarded(lambda: is_a(error, retry_on), False),
            not is_a(error, (Exception, GeneratorExit)) and not is_cancellation(error),
        )
        failure.hide_secrets()
        return failure

    @classmethod
    def final(cls, error: BaseException) -> Failure:
        """Describe an exception that no further attempt would mend."""
        return cls.from_error(error, retry_on=())

    def hide_secrets(self) -> None:
        """Take out passwords that dotflow knows, before anything of it is recorded."""
        from dotflow.base.masking import without_secrets

        self.message = without_secrets(self.message)
        self.traceback = without_secrets(self.traceback)

    def without_error(self) -> Failure:
        """Return a copy that can be pickled: exceptions of user code often cannot.

        Of those that end a run only an interruption does so from another process.
        """
        copy = Failure(self.kind, self.exception, self.message, self.traceback)
        copy.retryable, copy.exit_code = self.retryable, self.exit_code
        if is_a(self.error, KeyboardInterrupt):
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

    Attributes:
        stored: Whether the storage holds the value, before anybody looks at it.
        told: What its step has told, where that comes with it alone, from a cluster or a
            pool; only there.
        kept: What is known of a value that stays where it was made, as plain values; only
            where one does.
    """

    __slots__ = ("failure", "finished", "kept", "node", "stored", "told", "value")
    told: bytes
    kept: tuple[Any, ...]

    def __init__(
        self, node: int, value: Any, failure: Failure | None, finished: float
    ) -> None:
        self.node = node
        self.value = value
        self.failure = failure
        self.finished = finished
        self.stored = False

    def parts(self) -> tuple[Any, ...]:
        """Return what travels of it, for `of_parts`: a tuple, which costs little to pickle."""
        told, kept = getattr(self, "told", None), getattr(self, "kept", None)
        return self.value, self.failure, self.finished, told, kept

    @classmethod
    def of_parts(
        cls,
        node: int,
        value: Any,
        failure: Failure | None,
        finished: float,
        told: bytes | None,
        kept: tuple[Any, ...] | None,
    ) -> Outcome:
        """Return the outcome that `parts` was called of.

        Args:
            node: The task's place in the graph.
            value: As `parts` returned it, and so are the others.
            failure: See there.
            finished: See there.
            told: See there.
            kept: See there.
        """
        self = cls(node, value, failure, finished)
        if told is not None:
            self.told = told
        if kept is not None:
            self.kept = kept
        return self

    def without_value(self, failure: Failure | None = None) -> Outcome:
        """Return the same end without the value.

        Args:
            failure: Why it is one that failed after all.
        """
        bare = Outcome(self.node, None, failure, self.finished)
        if hasattr(self, "told"):
            bare.told = self.told
        return bare


class FailedWithin(Exception):
    """Carries why a part of a step failed out of the step, as it is to be told.

    Args:
        failure: The failure of the part.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def error_traceback(error: BaseException) -> str:
    """Format a traceback from the first frame that is not dotflow's own."""
    import traceback

    whole = traceback_of(error)
    frame = whole
    while frame is not None and is_ours(frame.tb_frame):
        frame = frame.tb_next
    trimmed = whole if frame is None else frame
    try:
        return "".join(traceback.format_exception(type(error), error, trimmed))
    except STOPS:
        raise
    except BaseException:  # noqa: BLE001 - its causes, notes and text are user code
        frames: list[str] = []
        frames = guarded(lambda: traceback.format_tb(trimmed), frames)
        return f"{''.join(frames)}{told(error)}\n"


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


def is_cancellation(error: BaseException) -> bool:
    """Say whether a coroutine was cancelled: no `Exception`, but it ends only itself."""
    cancelled = getattr(sys.modules.get("asyncio"), "CancelledError", ())
    return is_a(error, cancelled)
