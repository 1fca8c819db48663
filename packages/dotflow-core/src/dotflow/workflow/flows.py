"""`Flow`: a run of a workflow that begins when it is made, by class, as dotflow 1.x had it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dotflow.types import TypeExecution
from dotflow.workflow.manager import Manager

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from dotflow.types import ModeName
    from dotflow.workflow.task import Task


class Flow(Manager):
    """The base of the modes by class: `Sequential(tasks, …)` runs at once.

    A subclass with a `run` of its own is a mode of the user's: it is called when the
    object is made, after `setup_queue`, and what it leaves in `queue` is for others to
    read. It has no run of the engine then, and so none of the methods of one.

    Args:
        tasks: The tasks to run.
        workflow_id: The workflow that they belong to.
        ignore: Whether a task runs although the one before it has failed.
        groups: The tasks by the name of their group.
        resume: Restore the tasks that an earlier run of this workflow id completed.

    Attributes:
        queue: The tasks that have run.
    """

    mode_name: ModeName = TypeExecution.SEQUENTIAL

    def __init__(
        self,
        tasks: Sequence[Task],
        workflow_id: UUID | str | None = None,
        ignore: bool = False,
        groups: Any = None,
        resume: bool = False,
    ) -> None:
        self.queue: list[Task] = []
        self.tasks = list(tasks)
        self.workflow_id = workflow_id
        self.ignore = ignore
        self.groups = groups
        self.resume = resume
        self.setup_queue()
        self.run()

    def setup_queue(self) -> None:
        """Make what the run needs; by default `queue`, which is empty."""
        self.queue = []

    def run(self) -> None:
        """Run the tasks; by default through the engine, in the mode of the class."""
        super().__init__(
            self.tasks,
            mode=self.mode_name,
            keep_going=self.ignore,
            workflow_id=self.workflow_id,
            resume=self.resume,
        )
        self.queue = self.tasks

    def get_tasks(self) -> list[Task]:
        """Return the tasks that have run, with their state."""
        return self.queue

    def _flow_callback(self, task: Task) -> None:
        self.queue.append(task)


class Sequential(Flow):
    """One task after the other."""


class SequentialGroup(Flow):
    """Groups at the same time, the tasks of a group one after the other."""

    mode_name = TypeExecution.SEQUENTIAL_GROUP


class Background(Flow):
    """One task after the other, in a thread."""

    mode_name = TypeExecution.BACKGROUND


class Parallel(Flow):
    """All tasks at the same time, each in a process."""

    mode_name = TypeExecution.PARALLEL


def grouper(tasks: Sequence[Task]) -> dict[str, list[Task]]:
    """Return the tasks by the name of their group, in the order they were added."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.group_name, []).append(task)
    return groups
