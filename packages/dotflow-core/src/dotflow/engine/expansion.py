"""`Expansion`: what makes a task more than one attempt of its own step."""

from __future__ import annotations

from abc import ABC, abstractmethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.loop import Engine
    from dotflow.model.context import Context
    from dotflow.model.outcome import Failure, Outcome
    from dotflow.model.task import Task


class Expansion(ABC):
    """How a task is run that is more than one attempt: immutable, shared by runs."""

    __slots__ = ()

    @abstractmethod
    def open(self, engine: Engine, node: int) -> Expanded:
        """Begin to run the task; its upstream has completed."""

    @abstractmethod
    def within(self, parent: str) -> Expansion:
        """Return the same for a task that becomes a part of `parent`."""

    def revive(self, task: Task, stored: Context, checkpoints: Checkpoints) -> Context:
        """Return the result of the task, given what its checkpoint holds."""
        return stored

    def failure_within(self, task: Task, tasks: Sequence[Task]) -> Failure | None:
        """Return why the task itself has failed, when one upstream of it did not run."""
        return None

    def cancelled_within(self, task: Task, tasks: Sequence[Task]) -> bool:
        """Say whether a part of the task was cancelled."""
        return False


class Expanded(ABC):
    """A task with an expansion while it runs."""

    __slots__ = ()

    @abstractmethod
    def advance(self) -> None:
        """Start the next attempt, if there is one that can start.

        It is called when the task stands first in the ready queue and a slot is free.
        """

    @abstractmethod
    def settle(self, outcome: Outcome) -> None:
        """Take note of the end of an attempt that did not end at once."""

    @abstractmethod
    def wake(self) -> None:
        """Go on: the time that an attempt had to wait is over."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds: the run was ended, and it will not go on."""
