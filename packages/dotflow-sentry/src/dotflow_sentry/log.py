"""`LogSentry`: failures as events, what came before them as breadcrumbs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.abc.log import Log, LogRecord
from dotflow.base.escape import without_colours
from dotflow_sentry.flush import Flushed

if TYPE_CHECKING:
    from dotflow.model.outcome import Failure


class LogSentry(Flushed, Log):
    """Reports the failure of a task to Sentry, with its exception and tags.

    Other changes of a task become breadcrumbs of what is reported later. If the SDK is
    initialised already, its settings stay as they are.

    Args:
        dsn: Where to report. None to use the SDK as the application initialised it.
        environment: The environment that events name.
        traces_sample_rate: For the SDK, if this initialises it.

    Raises:
        ProviderError: The DSN is none.
    """

    def __init__(
        self,
        dsn: str | None = None,
        environment: str | None = None,
        traces_sample_rate: float = 0.0,
    ) -> None:
        from dotflow_sentry.sdk import leave_our_logger_alone, set_up

        set_up("LogSentry", dsn, environment, traces_sample_rate)
        leave_our_logger_alone()
        self._environment = environment

    def info(self, task: Any = None, **kwargs: Any) -> None:
        """Leave a breadcrumb.

        Args:
            task: The `Task` to describe, or None.
            kwargs: What to say where there is no task.
        """
        self._breadcrumb("info", task, kwargs)

    def warning(self, task: Any = None, **kwargs: Any) -> None:
        """Leave a breadcrumb that is a warning.

        Args:
            task: The `Task` to describe, or None.
            kwargs: What to say where there is no task.
        """
        self._breadcrumb("warning", task, kwargs)

    def debug(self, task: Any = None, **kwargs: Any) -> None:
        """Do nothing.

        Args:
            task: Not reported.
            kwargs: The same.
        """

    def error(self, task: Any = None, **kwargs: Any) -> None:
        """Report the last error of a task, as it was told, or a message.

        Args:
            task: The `Task` that failed, or None.
            kwargs: What to say where there is no task.
        """
        import sentry_sdk

        if task is None:
            sentry_sdk.capture_message(str(kwargs), level="error")
        elif task.errors:
            last = task.errors[-1]
            self._report(task, last.exception, last.message, last.traceback)
        else:
            self._report(task, task.status, f"Task {task.name}: {task.status}", "")

    def failed(self, task: Any, failure: Failure) -> None:
        """Report the failure of a task, with the exception where there is one.

        Args:
            task: The `Task`.
            failure: Why it failed.
        """
        self._report(
            task,
            failure.exception,
            failure.message,
            failure.traceback,
            failure.error,
        )

    def _breadcrumb(self, level: str, task: Any, values: dict[str, Any]) -> None:
        import sentry_sdk

        if task is None:
            message, data = str(values), {}
        else:
            message = f"Task {task.name}: {task.status}"
            data = LogRecord.of_task(task, level.upper()).to_dict()
        sentry_sdk.add_breadcrumb(
            category="dotflow", level=level, message=message, data=data
        )

    def _report(
        self,
        task: Any,
        exception: str,
        message: str,
        traceback: str,
        error: BaseException | None = None,
    ) -> None:
        import sentry_sdk

        from dotflow_sentry.events import told_event, users_part
        from dotflow_sentry.spans import span_of, task_tags

        with sentry_sdk.new_scope() as scope:
            scope.set_tags(task_tags(task))
            scope.set_context("dotflow", LogRecord.of_task(task, "INFO").to_dict())
            output = getattr(task.errors[-1], "output", "") if task.errors else ""
            if output:
                scope.set_context("output", {"last lines": without_colours(output)})
            span = span_of(task)
            if span is not None:
                scope.span = span
            if error is not None and error.__traceback__ is not None:
                sentry_sdk.capture_exception(users_part(error))
            else:
                event: Any = told_event(exception, message, traceback)
                sentry_sdk.capture_event(event)

    def __repr__(self) -> str:
        return f"LogSentry(environment={self._environment!r})"
