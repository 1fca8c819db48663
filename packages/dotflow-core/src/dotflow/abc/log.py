"""`Log`, and `LogRecord`: what a log line says about a task."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.model.outcome import Failure

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
"""The levels by name, with the numbers that `logging` gives them."""


class Log(ABC):
    """The base of every log.

    Only `info` and `error` must be written; the other two default to `info`.

    Attributes:
        active: Whether the log does anything; one that does not is not called.
    """

    active: bool = True

    def listening(self) -> bool:
        """Tell whether anybody would read what is logged; asked once a run.

        A run does not call a log that nobody reads.
        """
        return self.active

    @abstractmethod
    def info(self, **kwargs: Any) -> None:
        """Log an ordinary event.

        Args:
            kwargs: `task=` the `Task` it is about, or any other values.
        """

    @abstractmethod
    def error(self, **kwargs: Any) -> None:
        """Log a failure; see `info`."""

    def warning(self, **kwargs: Any) -> None:
        """Log what may need attention, such as a retry.

        Args:
            kwargs: As for `info`.
        """
        self.info(**kwargs)

    def debug(self, **kwargs: Any) -> None:
        """Log a detail.

        Args:
            kwargs: As for `info`.
        """
        self.info(**kwargs)

    def failed(self, task: Any, failure: Failure) -> None:
        """Log the end of a task that failed; by default `error` does.

        Override it for what only the failure knows: the exception itself, where it was
        raised in this process.

        Args:
            task: The `Task`.
            failure: Why it failed.
        """
        self.error(task=task)


class LogRecordError:
    """The error in a log record.

    Args:
        exception: The name of the exception's class.
        message: What it said.
    """

    __slots__ = ("exception", "message")

    def __init__(self, exception: str = "", message: str = "") -> None:
        self.exception = exception
        self.message = message

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON can hold it."""
        return {"exception": self.exception, "message": self.message}


class LogRecord:
    """What a log line says about a task. Values of contexts are not part of it.

    Args:
        timestamp: When, in UTC, as ISO 8601.
        level: A name out of `LEVELS`.
        workflow_id: The workflow's id.
        task_id: The task's id.
        status: The task's status.
        duration: Seconds that the task took, once it has ended.
        retry_count: Attempts that failed and were followed by another one.
        error: The last error, from level ERROR on.
    """

    __slots__ = (
        "duration",
        "error",
        "level",
        "retry_count",
        "status",
        "task_id",
        "timestamp",
        "workflow_id",
    )

    def __init__(
        self,
        timestamp: str,
        level: str,
        workflow_id: str | None = None,
        task_id: str | None = None,
        status: str | None = None,
        duration: float | None = None,
        retry_count: int | None = None,
        error: LogRecordError | None = None,
    ) -> None:
        self.timestamp = timestamp
        self.level = level
        self.workflow_id = workflow_id
        self.task_id = task_id
        self.status = status
        self.duration = duration
        self.retry_count = retry_count
        self.error = error

    @classmethod
    def of_task(cls, task: Any, level: str) -> LogRecord:
        """Describe a task as it is now.

        Args:
            task: The `Task`.
            level: A name out of `LEVELS`.
        """
        error = None
        if LEVELS[level] >= LEVELS["ERROR"] and task.errors:
            last = task.errors[-1]
            error = LogRecordError(last.exception, last.message)
        return cls(
            timestamp=utc_now(),
            level=level,
            workflow_id=str(task.workflow_id),
            task_id=task.task_id,
            status=task.status,
            duration=task.duration,
            retry_count=task.retry_count or None,
            error=error,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON can hold it, without what is None."""
        values = {
            "timestamp": self.timestamp,
            "level": self.level,
            "workflow_id": self.workflow_id,
            "task_id": self.task_id,
            "status": self.status,
            "duration": self.duration,
            "retry_count": self.retry_count,
            "error": None if self.error is None else self.error.to_dict(),
        }
        return {name: value for name, value in values.items() if value is not None}


def utc_now() -> str:
    """Return the time in UTC as ISO 8601, e.g. `2013-01-31T09:30:00.123456+00:00`."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()
