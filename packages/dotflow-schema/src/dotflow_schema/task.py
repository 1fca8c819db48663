"""The models of a task and of its errors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field, model_validator

from dotflow_schema.base import Model, WorkflowId

# A single value is reported as its JSON text, a list of contexts as an object.
ReportedContext = str | dict[str, Any] | None


class SerializerTaskError(Model):
    """One failed attempt of a task.

    Attributes:
        attempt: Number of the attempt, from 1; None for the final failure.
        exception: Name of the exception's class.
        traceback: The traceback as text.
        message: The exception's message.
    """

    attempt: int | None = None
    exception: str = ""
    traceback: str = ""
    message: str = ""


class SerializerTask(Model):
    """A task as `task.result()` reports it.

    Attributes:
        task_id: The task's ULID.
        workflow_id: Identifier of the workflow that the task belongs to.
        status: One of the status strings of `dotflow.types.TypeStatus`.
        duration: Seconds from start to finish.
        initial_context: What the task was given.
        current_context: What the task returned.
        previous_context: What the task before it returned.
        group_name: The group that the task was added to.
        retry_count: Attempts that failed and were followed by another one.
        created_at: When the task was added.
        started_at: When its first attempt started.
        finished_at: When its last attempt ended.
        errors: Every failed attempt, oldest first.
        id: The same as `task_id`, filled in when absent.
        error: The last of `errors`, filled in when absent.
        name: The task's name in its workflow.
        depends_on: Names of the tasks that it waits for; None for those before it.
        attempts: Attempts made.
        outcome: How the task ended, in more detail than `status`.
    """

    task_id: str
    workflow_id: WorkflowId | None = None
    status: str | None = None
    duration: float | None = None
    initial_context: ReportedContext = None
    current_context: ReportedContext = None
    previous_context: ReportedContext = None
    group_name: str = "default"
    retry_count: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    errors: list[SerializerTaskError] = Field(default_factory=list)
    id: str = ""
    error: SerializerTaskError | None = None
    name: str | None = None
    depends_on: list[str] | None = None
    attempts: int | None = None
    outcome: str | None = None

    @model_validator(mode="after")
    def _fill_in_aliases(self) -> SerializerTask:
        self.id = self.id or self.task_id
        if self.error is None and self.errors:
            self.error = self.errors[-1]
        return self
