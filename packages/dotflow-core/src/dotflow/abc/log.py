"""`Log`, and `LogRecord`: what a log line says about a task."""

from __future__ import annotations

from abc import ABC

from dotflow.base.guard import STOPS
from dotflow.errors import NotCallableObject, ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from logging import Logger
    from typing import Any

    from dotflow.model.outcome import Failure

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
"""The levels by name, with the numbers that `logging` gives them."""


def level_number(level: object) -> int:
    """Return the number of a level, which may be given so, or by its name in any case.

    Raises:
        ProviderError: There is no such level.
    """
    number = LEVELS.get(str(level).upper())
    if number is None and level in LEVELS.values():
        number = int(str(level))
    if number is None:
        from dotflow.base.suggest import hint

        raise ProviderError(
            f"level={level!r} does not exist.{hint(str(level), LEVELS)} Use one of:"
            f" {', '.join(LEVELS)}."
        )
    return number


class Log(ABC):  # noqa: B024 - what is to be written is not the same for all
    """The base of every log.

    A subclass writes `info` and `error`, to which the other two come down; or it sets
    `_logger`, a logger of the standard library, and the methods here log to that.

    Attributes:
        active: Whether the log does anything; one that does not is not called.
    """

    active: bool = True
    _logger: Logger | None = None
    _level: int = LEVELS["INFO"]
    _format: str = "simple"

    def listening(self) -> bool:
        """Tell whether anybody would read what is logged; asked once a run.

        A run does not call a log that nobody reads.
        """
        return self.active

    def hears_progress(self) -> bool:
        """Tell whether lines of level INFO would be read; asked once a run.

        A run tells one that is not read of failures, retries and what was skipped alone.
        """
        return True

    def info(self, **kwargs: Any) -> None:
        """Log an ordinary event.

        Args:
            kwargs: `task=` the `Task` it is about, or any other values.
        """
        self._log("INFO", **kwargs)

    def queued(self, tasks: Sequence[Any]) -> None:
        """Log that the tasks of a run wait for their turn; by default `info` does of each.

        Args:
            tasks: Each a `Task`, in the order they were added.

        Raises:
            BaseException: What the first of them has raised that could not be told; the
                others have been told.
        """
        first = None
        for task in tasks:
            try:
                self.info(task=task)
            except STOPS:
                raise
            except BaseException as error:  # noqa: BLE001 - told when all were
                first = error if first is None else first
        if first is not None:
            raise first

    def error(self, **kwargs: Any) -> None:
        """Log a failure; see `info`."""
        self._log("ERROR", **kwargs)

    def warning(self, **kwargs: Any) -> None:
        """Log what may need attention, such as a retry.

        Args:
            kwargs: As for `info`.
        """
        self._log("WARNING", **kwargs)

    def debug(self, **kwargs: Any) -> None:
        """Log a detail.

        Args:
            kwargs: As for `info`.
        """
        self._log("DEBUG", **kwargs)

    def _log(self, name: str, task: Any = None, **kwargs: Any) -> None:
        if self._logger is None:
            values = kwargs if task is None else {"task": task, **kwargs}
            self.info(**values)
        elif LEVELS[name] >= self._level:
            text = line(name, task, kwargs, as_json=self._format == "json")
            self._logger.log(LEVELS[name], "%s", text)

    def failed(self, task: Any, failure: Failure) -> None:
        """Log the end of a task that failed; by default `error` does.

        Override it for what only the failure knows: the exception itself, where it was
        raised in this process.

        Args:
            task: The `Task`.
            failure: Why it failed.
        """
        self.error(task=task)

    def task_output(  # noqa: B027 - most do nothing with it
        self, task: Any, when: float, stream: str, text: str
    ) -> None:
        """Take what a step has printed or logged; by default nobody asks for it.

        It is called where the storage keeps a history, unless `Config(capture=False)`.

        Args:
            task: The `Task`.
            when: When, in seconds since the epoch.
            stream: `"stdout"`, `"stderr"` or `"log"`.
            text: One or more lines, or a part of one; of a log, one record.
        """


def check_log(log: Log) -> None:
    """Check that there is a way to log; outside of the class, whose names are the user's.

    Args:
        log: The log.

    Raises:
        NotCallableObject: There are neither `info` and `error` nor a `_logger`.
    """
    kind = type(log)
    written = kind.info is not Log.info and kind.error is not Log.error
    if not written and getattr(log, "_logger", None) is None:
        raise NotCallableObject(
            "log",
            f"{kind.__name__} has to define info() and error(), or to set _logger, a"
            " logger of the module logging",
        )


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
        task_name: The task's name.
    """

    __slots__ = (
        "duration",
        "error",
        "level",
        "retry_count",
        "status",
        "task_id",
        "task_name",
        "timestamp",
        "workflow_id",
    )

    def __init__(
        self,
        timestamp: str = "",
        level: str = "",
        workflow_id: str = "",
        task_id: str = "",
        status: str = "",
        duration: float | None = None,
        retry_count: int | None = None,
        error: LogRecordError | None = None,
        task_name: str = "",
    ) -> None:
        self.timestamp = timestamp
        self.level = level
        self.workflow_id = workflow_id
        self.task_id = task_id
        self.status = status
        self.duration = duration
        self.retry_count = retry_count
        self.error = error
        self.task_name = task_name

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
            task_name=task.name,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON can hold it, without what is not known."""
        values = {
            "timestamp": self.timestamp,
            "level": self.level,
            "workflow_id": self.workflow_id,
            "task_id": self.task_id,
            "task_name": self.task_name,
            "status": self.status,
            "duration": self.duration,
            "retry_count": self.retry_count,
            "error": None if self.error is None else self.error.to_dict(),
        }
        return {
            name: value for name, value in values.items() if value not in (None, "")
        }


def line(name: str, task: Any, values: dict[str, Any], *, as_json: bool = False) -> str:
    """Return what a log says of a task, or of other values, in one text.

    Args:
        name: A name out of `LEVELS`.
        task: The `Task`, or None.
        values: What to tell where there is no task.
        as_json: Whether it is an object of JSON.
    """
    if as_json:
        import json

        if task is None:
            told = {"timestamp": utc_now(), "level": name, "message": str(values)}
        else:
            told = LogRecord.of_task(task, name).to_dict()
        # ASCII only: a line separator inside a text must not split the line.
        return json.dumps(told, default=str)
    if task is None:
        return str(values)
    workflow_id, task_id, task_name = task.workflow_id, task.task_id, task.name
    known, shown = _written
    if workflow_id is not known:
        shown = _id_text(workflow_id)
    named = "" if task_name == task_id else f" ({task_name})"
    text = f"ID {shown} - {task_id}{named} - {task.status}"
    if not text.isprintable():
        # An id with a line break must not begin a line that looks like another one.
        from dotflow.base.escape import line_text

        text = line_text(text)
    if name == "ERROR" and task.errors:
        from dotflow.base.escape import lines_text

        text += f" \n {lines_text(task.errors[-1].traceback)}"
    return text


# The id that was written last, and its text: a run writes the same one in each line, and
# to make the text of a UUID takes a sixth of a line's time.
_written: tuple[object, str] = (None, "None")


def _id_text(workflow_id: object) -> str:
    global _written
    text = str(workflow_id)
    _written = (workflow_id, text)
    return text


def utc_now() -> str:
    """Return the time in UTC as ISO 8601, e.g. `2013-01-31T09:30:00.123456+00:00`."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoformat()
