"""`TaskError`: what is kept of an attempt that failed."""

from __future__ import annotations

from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.model.outcome import Failure


class TaskError:
    """An error of one attempt.

    Args:
        error: The exception, or None for an empty record.
        attempt: Which attempt raised it, from 1; None where that is not known.

    Attributes:
        output: The last lines that the attempt has printed and logged, where that is
            kept; or `""`.
    """

    __slots__ = (
        "attempt",
        "exception",
        "exit_code",
        "finished",
        "index",
        "message",
        "outcome",
        "output",
        "started",
        "traceback",
    )

    def __init__(
        self, error: BaseException | None = None, attempt: int | None = None
    ) -> None:
        self.attempt = attempt
        # Of which item of a mapped task, from 0; None for the task itself.
        self.index: int | None = None
        self.exception = self.message = self.traceback = self.output = ""
        # Of the attempt, in seconds since the epoch, and a `TypeOutcome`.
        self.started: float | None = None
        self.finished: float | None = None
        self.outcome: str = TypeOutcome.FAILED
        # What the step has called `sys.exit` with, as of `Failure`; 0 where it has not.
        self.exit_code = 0
        if error is not None:
            from dotflow.base.guard import error_message, error_name
            from dotflow.model.outcome import error_traceback

            self.exception = error_name(error)
            self.message = error_message(error)
            self.traceback = error_traceback(error)

    @classmethod
    def from_failure(cls, failure: Failure, attempt: int) -> TaskError:
        """Record the failure of an attempt."""
        self = cls(attempt=attempt)
        self.exception = failure.exception
        self.message = failure.message
        self.traceback = failure.traceback
        self.outcome = failure.kind
        self.exit_code = failure.exit_code
        return self

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        self.exit_code, self.output = 0, ""  # which a pickle of 2.0.0a2 does not have
        for name, value in state[1].items():
            setattr(self, name, value)

    def result(self) -> dict[str, Any]:
        """Return the error as a dictionary that JSON can hold."""
        return {
            "attempt": self.attempt,
            "exception": self.exception,
            "traceback": self.traceback,
            "message": self.message,
        }

    def __repr__(self) -> str:
        return f"TaskError({self.exception}: {self.message}, attempt={self.attempt})"
