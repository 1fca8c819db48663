"""`LogOpenTelemetry`: log records that belong to the span of their task."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from dotflow.__about__ import __version__
from dotflow.abc.log import LEVELS, Log, level_number
from dotflow.base.arguments import check_choice
from dotflow.providers.log_default import FORMATS
from dotflow_otel.attributes import end_attributes, failure_attributes, task_attributes
from dotflow_otel.flush import Flushed

if TYPE_CHECKING:
    from dotflow.model.outcome import Failure
    from dotflow.providers.log_default import LogDefault
    from dotflow.types import LevelName, LogFormat, LogOutput


class LogOpenTelemetry(Flushed, Log):
    """Emits a log record for each change of a task, with the ids of its trace and span.

    With a `TracerOpenTelemetry` in the same run a record belongs to the task's span;
    without, to the span of whoever has started the run. Records go to the application's
    logger provider if it has set one. Otherwise dotflow makes one, which the variables
    `OTEL_*` configure, and sets it as the global one; where they name no place for logs,
    the console shows the records.

    Args:
        service_name: The resource's `service.name` in dotflow's own provider. The
            variable `OTEL_SERVICE_NAME` replaces the default.
        level: The lowest level to log; as for `LogDefault`.
        output: Where to write the lines of a `LogDefault` as well: `"console"`,
            `"file"` or `"both"`. Default: nowhere.
        path: The file for them; as for `LogDefault`.
        format: `"simple"` or `"json"`; as for `LogDefault`.

    Raises:
        ProviderError: `level`, `output` or `format` is unknown.
    """

    def __init__(
        self,
        service_name: str = "dotflow",
        level: LevelName | int = "INFO",
        output: LogOutput | None = None,
        path: str | os.PathLike[str] | None = None,
        format: LogFormat = "simple",
    ) -> None:
        check_choice("LogOpenTelemetry", "format", format, FORMATS)
        self._service_name = service_name
        self._level = level_number(level)
        self._lines: LogDefault | None = None
        if output is not None:
            from dotflow.providers.log_default import LogDefault

            self._lines = LogDefault(level, output, path, format)
        self._disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        self._provider: Any = None
        self._logger: Any = None
        self._shown = output in ("console", "both")
        if not self._disabled:
            self._current()

    def info(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level INFO.

        Args:
            task: The `Task` to describe, or None.
            kwargs: What to log where there is no task.
        """
        if self._lines is not None:
            self._lines.info(task=task, **kwargs)
        self._emit("INFO", task, kwargs)

    def warning(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level WARNING.

        Args:
            task: The `Task` to describe, or None.
            kwargs: What to log where there is no task.
        """
        if self._lines is not None:
            self._lines.warning(task=task, **kwargs)
        self._emit("WARNING", task, kwargs)

    def debug(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level DEBUG.

        Args:
            task: The `Task` to describe, or None.
            kwargs: What to log where there is no task.
        """
        if self._lines is not None:
            self._lines.debug(task=task, **kwargs)
        self._emit("DEBUG", task, kwargs)

    def error(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level ERROR, with the task's last error.

        Args:
            task: The `Task` to describe, or None.
            kwargs: What to log where there is no task.
        """
        if self._lines is not None:
            self._lines.error(task=task, **kwargs)
        self._emit("ERROR", task, kwargs, _last_error(task))

    def failed(self, task: Any, failure: Failure) -> None:
        """Log the end of a task that failed.

        Args:
            task: The `Task`.
            failure: Why it failed.
        """
        if self._lines is not None:
            self._lines.error(task=task)
        self._emit("ERROR", task, {}, failure_attributes(failure))

    def task_output(self, task: Any, when: float, stream: str, text: str) -> None:
        """Emit what a step has printed or logged, as of the task's span.

        Args:
            task: The `Task`.
            when: When, in seconds since the epoch.
            stream: `"stdout"`, `"stderr"` or `"log"`. What is logged is left out where
                the application has a handler of OpenTelemetry for it.
            text: What it was.
        """
        level = "INFO"
        if stream == "log":
            if _has_handler():
                return
            name = text.partition(" ")[0].replace("CRITICAL", "ERROR")
            level = name if name in LEVELS else level
        values = {"log.iostream": stream} if stream != "log" else {}
        self._emit(level, task, {}, values, text.rstrip("\n"), int(when * 1e9))

    def _emit(
        self,
        level: str,
        task: Any,
        values: dict[str, Any],
        error: dict[str, Any] | None = None,
        text: str | None = None,
        when: int | None = None,
    ) -> None:
        if self._disabled or LEVELS[level] < self._level:
            return
        from opentelemetry._logs import LogRecord, SeverityNumber

        from dotflow_otel.context import context_of

        if task is None:
            body, attributes = str(values), {}
        elif text is not None:
            body, attributes = text, task_attributes(task)
        else:
            body = f"ID {task.workflow_id} - {task.task_id} - {task.status}"
            attributes = task_attributes(task) | end_attributes(task)
        now = time.time_ns()
        self._current().emit(
            LogRecord(
                timestamp=when or now,
                observed_timestamp=now,
                context=None if task is None else context_of(task),
                # OpenTelemetry's name is shorter.
                severity_text="WARN" if level == "WARNING" else level,
                severity_number=SeverityNumber[level.replace("WARNING", "WARN")],
                body=body,
                attributes=attributes | (error or {}),
            )
        )

    def _current(self) -> Any:
        from dotflow_otel.pipelines import logger_provider

        # The application may have set its provider since the last call.
        provider = logger_provider(self._service_name, self._shown)
        if self._logger is None or provider is not self._provider:
            self._provider = provider
            self._logger = provider.get_logger("dotflow", __version__)
        return self._logger

    def __repr__(self) -> str:
        lines = "" if self._lines is None else f", lines={self._lines!r}"
        return f"LogOpenTelemetry(service_name={self._service_name!r}{lines})"


def _has_handler() -> bool:
    """Say whether the application sends its log records to OpenTelemetry by itself."""
    import logging

    kinds = map(type, logging.getLogger().handlers)
    return any(kind.__module__.startswith("opentelemetry.") for kind in kinds)


def _last_error(task: Any) -> dict[str, Any] | None:
    if task is None or not task.errors:
        return None
    last = task.errors[-1]
    return {
        "exception.type": last.exception,
        "exception.message": last.message,
        "exception.stacktrace": last.traceback,
    }
