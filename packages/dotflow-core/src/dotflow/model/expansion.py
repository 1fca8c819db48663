"""What makes a task more than one attempt of its own step: data that the engine reads."""

from __future__ import annotations

from dotflow.model.action import Action

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class MapOver:
    """The step of the task runs once for each item of what another task returned.

    Args:
        over: The name of the task upstream that returns the items.
        spill: Whether the results stay in the storage, to be read from there.
    """

    __slots__ = ("over", "spill")

    def __init__(self, over: str, spill: bool = False) -> None:
        self.over = over
        self.spill = spill

    def within(self, parent: str) -> MapOver:
        """Return the same for a task that becomes a part of `parent`."""
        return MapOver(f"{parent}/{self.over}", self.spill)


class SubWorkflow:
    """The task ends a sub-workflow, whose tasks are part of the same graph.

    Its own step never runs: the result is what the last tasks of the sub-workflow left.
    """

    __slots__ = ()

    def within(self, parent: str) -> SubWorkflow:
        """Return the same for a task that becomes a part of `parent`."""
        return self


Expansion = MapOver | SubWorkflow


def _nothing() -> None:
    """Stand where a task has its step."""


SUB_WORKFLOW = SubWorkflow()
PLACEHOLDER: Action[..., Any] = Action(_nothing)


def is_whole(expansion: Expansion | None) -> bool:
    """Say whether a task with it stands for a sub-workflow rather than for a step."""
    return isinstance(expansion, SubWorkflow)
