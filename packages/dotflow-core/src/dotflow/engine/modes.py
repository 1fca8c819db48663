"""The modes of `start(mode=…)`: how tasks chain, and which executor runs them."""

from __future__ import annotations

from dotflow.engine.executors.inline import InlineExecutor
from dotflow.errors import ExecutionModeNotExist, ProviderConflict
from dotflow.model.graph import Graph
from dotflow.types import TypeExecution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from dotflow.abc.executor import AnyExecutor, AsyncExecutor, Executor
    from dotflow.model.task import TaskInstance

EXECUTORS = "dotflow.executors"


class Mode:
    """One way to run a workflow.

    Args:
        name: The value of `start(mode=…)`.
        chained: Whether a task follows the one before it in its group.
        across_groups: Whether all tasks form one chain.
        executor: Makes the executor.
        background: Whether `start` returns while the run goes on in a thread.
    """

    __slots__ = ("across_groups", "background", "chained", "executor", "name")

    def __init__(
        self,
        name: str,
        executor: Callable[[], AnyExecutor],
        *,
        chained: bool = True,
        across_groups: bool = False,
        background: bool = False,
    ) -> None:
        self.name = name
        self.executor = executor
        self.chained = chained
        self.across_groups = across_groups
        self.background = background

    def compile(self, tasks: Sequence[TaskInstance]) -> Graph:
        """Build the graph of these tasks under this mode."""
        return Graph(tasks, chained=self.chained, across_groups=self.across_groups)


def _processes(by_group: bool = False) -> Executor:
    from dotflow.engine.executors.processes import ProcessExecutor

    return ProcessExecutor(by_group)


def _threads() -> Executor:
    from dotflow.engine.executors.threads import ThreadExecutor

    return ThreadExecutor()


def _event_loop() -> AsyncExecutor:
    from dotflow.engine.executors.event_loop import EventLoopExecutor

    return EventLoopExecutor()


_BUILT_IN = {
    TypeExecution.SEQUENTIAL: Mode(TypeExecution.SEQUENTIAL, InlineExecutor),
    TypeExecution.SEQUENTIAL_GROUP: Mode(
        TypeExecution.SEQUENTIAL_GROUP, lambda: _processes(by_group=True)
    ),
    TypeExecution.BACKGROUND: Mode(
        TypeExecution.BACKGROUND, InlineExecutor, across_groups=True, background=True
    ),
    TypeExecution.PARALLEL: Mode(TypeExecution.PARALLEL, _processes, chained=False),
    TypeExecution.THREADS: Mode(TypeExecution.THREADS, _threads, chained=False),
    TypeExecution.ASYNC: Mode(TypeExecution.ASYNC, _event_loop, chained=False),
}


def find_mode(name: Any, tasks: Sequence[TaskInstance]) -> Mode:
    """Return the mode to run `tasks` in.

    `sequential` with more than one group is `sequential_group`. A name that is not
    built in is looked up among the executors that installed distributions register.

    Raises:
        ExecutionModeNotExist: No mode of that name exists.
        ProviderConflict: What a distribution registers is no `Executor`.
    """
    if name == TypeExecution.SEQUENTIAL:
        groups = {task.group_name for task in tasks}
        if len(groups) > 1:
            name = TypeExecution.SEQUENTIAL_GROUP
    if isinstance(name, str) and name in _BUILT_IN:
        return _BUILT_IN[name]
    return _plugged_in(name)


def _plugged_in(name: Any) -> Mode:
    from dotflow.abc.executor import AnyExecutor
    from dotflow.providers.registry import entry_point_names, load_entry_point

    known = entry_point_names(EXECUTORS)
    if name not in known:
        raise ExecutionModeNotExist(name, (*_BUILT_IN, *sorted(known)))
    executor = load_entry_point(EXECUTORS, name)
    if not (isinstance(executor, type) and issubclass(executor, AnyExecutor)):
        raise ProviderConflict(
            f"The executor {name!r} is registered as {executor!r}, which is no subclass"
            " of dotflow.abc.executor.Executor: tell its author."
        )
    return Mode(name, executor, chained=False)
