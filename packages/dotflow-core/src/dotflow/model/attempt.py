"""`Attempt`: what an executor runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any

    from dotflow.model.context import Context
    from dotflow.model.task import Task

    # What a tracer puts around an attempt, in whichever process it runs.
    Around = Callable[[], AbstractContextManager[Any]]


class Attempt:
    """What an executor runs.

    Args:
        node: The task's place in the graph.
        task: The task, for its step, name and initial context; not to be changed.
        number: Which attempt of the task it is, from 1.
        previous: The context of the task upstream.
        named: Values for parameters named after upstream tasks, or None.
        around: What the tracer puts around it, or None.
    """

    __slots__ = ("around", "named", "node", "number", "previous", "task")

    def __init__(
        self,
        node: int,
        task: Task,
        number: int,
        previous: Context,
        named: dict[str, Any] | None = None,
        around: Around | None = None,
    ) -> None:
        self.node = node
        self.task = task
        self.number = number
        self.previous = previous
        self.named = named
        self.around = around
