"""Providers that remember what they were told, to test workflows with."""

from __future__ import annotations

from typing import Any

from dotflow.abc.log import Log
from dotflow.abc.metrics import Metrics
from dotflow.abc.notify import Notify
from dotflow.abc.server import Server
from dotflow.abc.tracer import Tracer


class RecordingNotify(Notify):
    """A notifier that remembers.

    Attributes:
        events: Each call, as `(task_id, status)`.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []

    def hook_status_task(self, task: Any) -> None:
        """Remember the status of a task.

        Args:
            task: The `Task`.
        """
        self.events.append((task.task_id, task.status))


class RecordingLog(Log):
    """A log that remembers.

    Attributes:
        events: Each call, as `(level, what)`: `what` is `(task_id, status)` where there
            was a task, else the dictionary of keywords.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []

    def info(self, **kwargs: Any) -> None:
        """Remember a call at level INFO.

        Args:
            kwargs: What was logged.
        """
        self._record("INFO", kwargs)

    def error(self, **kwargs: Any) -> None:
        """Remember a call at level ERROR.

        Args:
            kwargs: What was logged.
        """
        self._record("ERROR", kwargs)

    def warning(self, **kwargs: Any) -> None:
        """Remember a call at level WARNING.

        Args:
            kwargs: What was logged.
        """
        self._record("WARNING", kwargs)

    def debug(self, **kwargs: Any) -> None:
        """Remember a call at level DEBUG.

        Args:
            kwargs: What was logged.
        """
        self._record("DEBUG", kwargs)

    def _record(self, level: str, kwargs: dict[str, Any]) -> None:
        task = kwargs.get("task")
        self.events.append(
            (level, kwargs if task is None else (task.task_id, task.status))
        )


class RecordingTracer(Tracer):
    """A tracer that remembers.

    Attributes:
        events: Each call, as `(method, id, details)`; `details` are the keywords of a
            run, and the status of a task under `"status"`.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, Any, dict[str, Any]]] = []

    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Remember that a run has begun.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run.
        """
        self.events.append(("start_workflow", workflow_id, kwargs))

    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Remember that a run has ended.

        Args:
            workflow_id: The workflow's id.
            kwargs: How it ended.
        """
        self.events.append(("end_workflow", workflow_id, kwargs))

    def start_task(self, task: Any) -> None:
        """Remember that a task has begun.

        Args:
            task: The `Task`.
        """
        self.events.append(("start_task", task.task_id, {"status": task.status}))

    def end_task(self, task: Any) -> None:
        """Remember that a task has ended.

        Args:
            task: The `Task`.
        """
        self.events.append(("end_task", task.task_id, {"status": task.status}))


class RecordingMetrics(Metrics):
    """Metrics that remember.

    Attributes:
        events: Each call, as `(method, id, duration)` with the duration in seconds or
            None.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, Any, float | None]] = []

    def workflow_started(self, workflow_id: Any, **kwargs: Any) -> None:
        """Remember that a run has begun.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run.
        """
        self.events.append(("workflow_started", workflow_id, None))

    def workflow_completed(self, workflow_id: Any, duration: float) -> None:
        """Remember that a run has completed.

        Args:
            workflow_id: The workflow's id.
            duration: Seconds from start to end.
        """
        self.events.append(("workflow_completed", workflow_id, duration))

    def workflow_failed(self, workflow_id: Any, duration: float) -> None:
        """Remember that a run has failed.

        Args:
            workflow_id: The workflow's id.
            duration: Seconds from start to end.
        """
        self.events.append(("workflow_failed", workflow_id, duration))

    def task_completed(self, task: Any) -> None:
        """Remember a completed task.

        Args:
            task: The `Task`.
        """
        self.events.append(("task_completed", task.task_id, task.duration))

    def task_failed(self, task: Any) -> None:
        """Remember a failed task.

        Args:
            task: The `Task`.
        """
        self.events.append(("task_failed", task.task_id, task.duration))

    def task_retried(self, task: Any) -> None:
        """Remember an attempt that another one follows.

        Args:
            task: The `Task`.
        """
        self.events.append(("task_retried", task.task_id, task.duration))


class RecordingServer(Server):
    """A server client that remembers.

    Attributes:
        events: Each call, as `(method, id, status)`; the status is None on creation of
            a workflow.
        flushed: How often `flush` was called.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, Any, str | None]] = []
        self.flushed = 0

    def create_workflow(self, workflow: Any) -> None:
        """Remember a new workflow.

        Args:
            workflow: The `DotFlow`.
        """
        self.events.append(("create_workflow", workflow.workflow_id, None))

    def update_workflow(self, workflow: Any, status: str = "") -> None:
        """Remember the state of a workflow.

        Args:
            workflow: Its id, or the `DotFlow`.
            status: A `WorkflowStatus`.
        """
        workflow_id = getattr(workflow, "workflow_id", workflow)
        self.events.append(("update_workflow", workflow_id, status))

    def create_task(self, task: Any) -> None:
        """Remember a task that was added.

        Args:
            task: The `Task`.
        """
        self.events.append(("create_task", task.task_id, task.status))

    def update_task(self, task: Any) -> None:
        """Remember the state of a task.

        Args:
            task: The `Task`.
        """
        self.events.append(("update_task", task.task_id, task.status))

    def flush(self, timeout: float | None = None) -> bool:
        """Count the call.

        Args:
            timeout: The most seconds to wait; nothing here waits.

        Returns:
            True.
        """
        self.flushed += 1
        return True
