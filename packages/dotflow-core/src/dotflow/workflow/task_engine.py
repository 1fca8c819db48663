"""`TaskEngine`: one task run by hand, as dotflow 1.x offered it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import time
from typing import TYPE_CHECKING, Any

from dotflow.config.config import tellers
from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.engine.executors.inline import InlineExecutor
from dotflow.engine.listeners import connect_providers
from dotflow.engine.loop import Loop
from dotflow.engine.run_state import RunState
from dotflow.model.context import Context
from dotflow.model.events import EventBus
from dotflow.model.graph import Graph
from dotflow.model.task_error import TaskError
from dotflow.types import TypeStatus

if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.model.task import TaskInstance
    from dotflow.workflow.task import Task


class TaskEngine:
    """Runs one task through the engine that runs every workflow.

    Args:
        task: The task.
        workflow_id: The workflow that it belongs to.
        previous_context: What its step receives as `previous_context`.
    """

    def __init__(
        self,
        task: Task,
        workflow_id: UUID | str | None,
        previous_context: Any = None,
    ) -> None:
        self.task = task
        self.workflow_id = workflow_id
        self._previous = previous_context

    @contextmanager
    def start(self) -> Iterator[TaskEngine]:
        """Begin the task for the body of a `with`, in which `execute` runs it.

        Within it the task is In progress and has the workflow's id. One that the body
        has not executed is Completed at the end, or Failed where the body has raised.
        """
        task = self.task
        task.reset()
        task.workflow_id = self.workflow_id
        task.started = time()
        task.status = TypeStatus.IN_PROGRESS
        try:
            yield self
        except Exception as error:
            task.errors.append(TaskError(error))
            task.status = TypeStatus.FAILED
            raise
        finally:
            if task.status == TypeStatus.IN_PROGRESS:
                task.status = TypeStatus.COMPLETED
            if task.duration is None:
                task.finished = time()
                task.started = task.started or task.finished

    def execute(self) -> Any:
        """Run the step, with its retries; return what it returned, None if it failed."""
        return self.execute_with_retry()

    def execute_with_retry(self) -> Any:
        """Run the step, with its retries; return what it returned, None if it failed."""
        task = self.task
        if task.status != TypeStatus.NOT_STARTED:
            task.reset()
        bus = EventBus()
        connect_providers(tellers(task.config), bus, self.workflow_id)
        checkpoints = RunCheckpoints(task.config.storage, self.workflow_id, False)
        Loop(_OneTask(task, bus, self._previous), checkpoints).run()
        return task.current_context.storage


class _OneTask(RunState):
    """A run whose only task has a previous context of its own."""

    def __init__(self, task: Task, bus: EventBus, previous: Any) -> None:
        super().__init__(Graph([task], chained=False), InlineExecutor(), bus)
        is_context = issubclass(type(previous), Context)
        self._previous = previous if is_context else Context(storage=previous)

    def inputs(
        self, node: int, task: TaskInstance
    ) -> tuple[Context, dict[str, Any] | None]:
        return self._previous, None
