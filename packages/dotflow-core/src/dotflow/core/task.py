"""`Task` and `TaskBuilder`, at the path that users know."""

from __future__ import annotations

from dotflow.model.task import TaskInstance as TaskInstance
from dotflow.model.task_error import TaskError as TaskError
from dotflow.workflow.builder import TaskBuilder as TaskBuilder
from dotflow.workflow.task import Task as Task
