"""`FakeTask`: a task to call a provider with, without a workflow."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from dotflow.model.context import Context
from dotflow.types import TypeStatus

_ENDED = (
    TypeStatus.COMPLETED,
    TypeStatus.FAILED,
    TypeStatus.SKIPPED,
    TypeStatus.CANCELLED,
)
STATUSES = (
    TypeStatus.NOT_STARTED,
    TypeStatus.IN_PROGRESS,
    TypeStatus.RETRY,
    TypeStatus.PAUSED,
    *_ENDED,
)
"""Every status that a task may have."""


class FakeTask:
    """What a provider may read of a task, for one status.

    Args:
        status: A `TypeStatus`. Default: completed.
        task_id: The task's id.
        workflow_id: The workflow's id.
        name: The task's name.
        value: What the task has left, once it is completed.
        message: What the error says, once there is one.
    """

    def __init__(
        self,
        status: str = TypeStatus.COMPLETED,
        task_id: str = "01HZX3M4T5V6W7X8Y9ZABCDEFG",
        workflow_id: str = "contract-workflow",
        name: str = "extract",
        value: Any = None,
        message: str = "No such file: 'flights.csv'",
    ) -> None:
        failing = status in (TypeStatus.FAILED, TypeStatus.RETRY)
        started = datetime(2013, 1, 31, 9, 30)
        self.task_id = task_id
        self.workflow_id = workflow_id
        self.name = name
        self.status = status
        self.group_name = "default"
        self.config = None
        self.checkpoint_key = f"{workflow_id}-{name}"
        self.duration = 1.5 if status in _ENDED else None
        self.retry_count = 1 if status == TypeStatus.RETRY else 0
        self.attempt = 0 if status == TypeStatus.NOT_STARTED else 1
        self.created_at = started - timedelta(seconds=1)
        self.started_at = None if status == TypeStatus.NOT_STARTED else started
        self.finished_at = (
            started + timedelta(seconds=1.5) if status in _ENDED else None
        )
        self.initial_context = Context({"day": 31})
        self.previous_context = Context()
        self.current_context = Context(
            value if status == TypeStatus.COMPLETED else None, task_id, workflow_id
        )
        self.errors = [_error(message)] if failing else []

    def result(self, max: int | None = None) -> dict[str, Any]:
        """Return the task as `Task.result` does.

        Args:
            max: The largest size of a context's JSON in characters.
        """

        def report(context: Context) -> str | None:
            if context.storage is None:
                return None
            text = json.dumps(context.storage, default=str)
            fits = max is None or len(text) <= max
            return text if fits else '{"message": "Context size exceeded"}'

        errors = [vars(error) for error in self.errors]
        return {
            "id": self.task_id,
            "task_id": self.task_id,
            "workflow_id": self.workflow_id,
            "name": self.name,
            "status": self.status,
            "duration": self.duration,
            "initial_context": report(self.initial_context),
            "previous_context": report(self.previous_context),
            "current_context": report(self.current_context),
            "group_name": self.group_name,
            "retry_count": self.retry_count,
            "created_at": _iso(self.created_at),
            "started_at": _iso(self.started_at),
            "finished_at": _iso(self.finished_at),
            "errors": errors,
            "error": errors[-1] if errors else None,
        }

    def __repr__(self) -> str:
        return f"<FakeTask {self.name!r}: {self.status}>"


class FakeWorkflow:
    """What a provider may read of a workflow.

    Args:
        workflow_id: Its id.
        name: Its name.
    """

    def __init__(
        self, workflow_id: str = "contract-workflow", name: str = "contract"
    ) -> None:
        self.workflow_id = workflow_id
        self.name = name

    def result(self) -> dict[str, Any]:
        """Return the workflow as `DotFlow.result` does, without tasks."""
        return {
            "id": self.workflow_id,
            "name": self.name,
            "workflow_id": self.workflow_id,
            "workflow_name": self.name,
            "tasks": [],
        }


def tasks_in_every_status() -> list[FakeTask]:
    """Return one task for each status, and some whose texts are unusual."""
    tasks = [FakeTask(status, task_id=f"task-{n}") for n, status in enumerate(STATUSES)]
    tasks += [
        FakeTask(TypeStatus.FAILED, task_id="task-empty", message=""),
        FakeTask(TypeStatus.FAILED, task_id="task-marks", message="boom_*x [`~] <b>&"),
        FakeTask(TypeStatus.FAILED, task_id="task-long", message="é\n" * 20_000),
        FakeTask(value={"text": "x" * 20_000, "when": datetime(2013, 1, 1)}),
        FakeTask(value=object()),
    ]
    return tasks


def _error(message: str) -> SimpleNamespace:
    return SimpleNamespace(
        attempt=1,
        exception="ValueError",
        message=message,
        traceback=f"Traceback (most recent call last):\nValueError: {message}\n",
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
