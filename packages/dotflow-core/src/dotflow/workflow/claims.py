"""Keeps runs of one `DotFlow` object that overlap from disturbing each other."""

from __future__ import annotations

from threading import Lock

from dotflow.errors import WorkflowAlreadyRunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.workflow.task import Task


class Claims:
    """Hands out the tasks of a workflow to its runs.

    A run gets the tasks themselves, so that the workflow's results are its own. One that
    starts while another has them gets copies.

    Args:
        workflow_id: For the message of a refusal.
    """

    def __init__(self, workflow_id: object) -> None:
        self._workflow_id = workflow_id
        self._lock = Lock()
        self._taken = False
        self._in_background = False

    def take(self, tasks: Sequence[Task], background: bool) -> Claim:
        """Claim the tasks for a run.

        Raises:
            WorkflowAlreadyRunning: A run in the background goes on.
        """
        with self._lock:
            if self._in_background:
                raise WorkflowAlreadyRunning(self._workflow_id)
            copies = self._taken
            self._taken = True
            self._in_background = background
        mine = [task.copy() for task in tasks] if copies else list(tasks)
        return Claim(self, mine, copies, background)

    def give_back(self, copies: bool, background: bool) -> None:
        """Note that a run has ended."""
        with self._lock:
            if not copies:
                self._taken = False
            if background:
                self._in_background = False


class Claim:
    """The tasks that one run may change until it releases them.

    Attributes:
        tasks: The tasks.
        copies: Whether they are copies of the workflow's.
    """

    __slots__ = ("_background", "_claims", "_released", "copies", "tasks")

    def __init__(
        self, claims: Claims, tasks: list[Task], copies: bool, background: bool
    ) -> None:
        self.tasks = tasks
        self._claims = claims
        self.copies = copies
        self._background = background
        self._released = False

    def release(self) -> None:
        """Give the tasks back; a second call does nothing."""
        if not self._released:
            self._released = True
            self._claims.give_back(self.copies, self._background)
