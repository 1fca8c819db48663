"""The modes of `start(mode=…)`: how tasks chain, and which executor runs them."""

from __future__ import annotations

from functools import partial

from dotflow.engine.executors.inline import InlineExecutor
from dotflow.errors import (
    ExecutionModeNotExist,
    InvalidTask,
    ProviderConflict,
    UnknownOption,
    pip_line,
)
from dotflow.model.graph import Graph
from dotflow.model.options import EXECUTOR_DEFAULTS
from dotflow.types import TypeExecution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from dotflow.abc.executor import AnyExecutor, AsyncExecutor, Executor, ModeChoice
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
        executor: Callable[..., AnyExecutor],
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

    def made_with(self, options: Mapping[str, Any]) -> Mode:
        """Return the mode whose executor is made with those of these options it takes.

        Args:
            options: What `start` was given, complete and checked.

        Raises:
            UnknownOption: It does not take one that was given.
            InvalidTask: It needs one that was not.
        """
        given = {n: options[n] for n in EXECUTOR_DEFAULTS if options.get(n) is not None}
        if not given and self.executor is not _futures:
            return self  # without a look at what it takes
        from dotflow.base.parameters import parameters_of

        takes = parameters_of(self.executor)
        for name in given:
            if name not in takes.names:
                usable = [known for known in EXECUTOR_DEFAULTS if known in takes.names]
                raise UnknownOption(
                    f"mode={self.name!r} takes no {name}=."
                    f" It takes {', '.join(usable) or 'no option of an executor'}."
                )
        for name in takes.required:
            if name not in given:
                raise InvalidTask(f"mode={self.name!r} needs {name}=: {_NEEDED}.")
        return Mode(self.name, partial(self.executor, **given), chained=self.chained)


def _processes(by_group: bool = False) -> Executor:
    from dotflow.engine.executors.processes import ProcessExecutor

    return ProcessExecutor(by_group)


def _threads() -> Executor:
    from dotflow.engine.executors.threads import ThreadExecutor

    return ThreadExecutor()


def _event_loop() -> AsyncExecutor:
    from dotflow.engine.executors.event_loop import EventLoopExecutor

    return EventLoopExecutor()


def _futures(executor: Any, prefetch: int = 2) -> Executor:
    from dotflow.engine.executors.futures import FuturesExecutor

    return FuturesExecutor(executor, prefetch=prefetch)


# Those of distributions of ours, each an extra of its name.
INSTALLABLE = ("dask", "ray")
"""The modes that extras of their names bring."""
_NEEDED = "a concurrent.futures.Executor, or a callable that makes one"
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
    TypeExecution.FUTURES: Mode(TypeExecution.FUTURES, _futures, chained=False),
}


def find_mode(
    choice: ModeChoice | str,
    tasks: Sequence[TaskInstance],
    options: Mapping[str, Any] | None = None,
) -> Mode:
    """Return the mode to run `tasks` in.

    `sequential` with more than one group is `sequential_group`. A name that is not
    built in is looked up among the executors that installed distributions register.

    Args:
        choice: Its name, an executor, or what makes one.
        tasks: What is to run.
        options: What `start` was given, complete and checked; None where nothing runs.

    Raises:
        ExecutionModeNotExist: No mode of that name exists.
        ProviderConflict: What a distribution registers is no `Executor`.
        UnknownOption: The mode takes no such option.
        InvalidTask: The mode needs an option.
    """
    if choice == TypeExecution.SEQUENTIAL:
        groups = {task.group_name for task in tasks}
        if len(groups) > 1:
            choice = TypeExecution.SEQUENTIAL_GROUP
    if not isinstance(choice, str):
        mode = _given(choice)
    else:
        mode = _BUILT_IN.get(choice) or _plugged_in(choice)
    return mode if options is None else mode.made_with(options)


def plan(
    choice: ModeChoice | str, tasks: Sequence[TaskInstance], options: Mapping[str, Any]
) -> tuple[Mode, Graph]:
    """Return the mode to run `tasks` in, and their graph in it.

    Args:
        choice: As of `find_mode`.
        tasks: The same.
        options: The same.

    Raises:
        DotflowError: As of `find_mode`, or the tasks form no graph.
    """
    mode = find_mode(choice, tasks, options)
    return mode, mode.compile(tasks)


def executor_in_loop(choice: ModeChoice) -> tuple[str, Callable[[], AsyncExecutor]]:
    """Return the name of a mode, and what makes an executor of it for an event loop.

    Raises:
        ExecutionModeNotExist: No mode of that name exists.
        InvalidTask: Its executor blocks the thread of the loop.
    """
    mode = find_mode(choice, ())

    def made() -> AsyncExecutor:
        from dotflow.abc.executor import AsyncExecutor
        from dotflow.engine.executors.in_loop import BlockingInLoop

        executor: Any = mode.executor()
        in_loop = isinstance(executor, AsyncExecutor)
        return executor if in_loop else BlockingInLoop(executor)

    if mode.executor is InlineExecutor:
        raise InvalidTask(
            f"executor={mode.name!r}: a pipeline runs in an event loop, which this mode"
            " would block. Leave executor= out, or name another mode."
        )
    return mode.name, made


def _given(choice: Any) -> Mode:
    """Return the mode of an executor that was given itself, or of what makes one."""
    from dotflow.abc.around import unprepared
    from dotflow.abc.executor import AnyExecutor

    if isinstance(choice, AnyExecutor):
        name = choice.name or type(choice).__name__
        return Mode(name, lambda: unprepared(choice), chained=False)
    if not callable(choice):
        raise ExecutionModeNotExist(choice, tuple(_BUILT_IN), "")
    if isinstance(choice, type) and issubclass(choice, AnyExecutor):
        return Mode(choice.name or choice.__name__, choice, chained=False)

    def made() -> AnyExecutor:
        executor = choice()
        if not isinstance(executor, AnyExecutor):
            raise InvalidTask(
                f"mode={choice!r} made a {type(executor).__name__}, which is no Executor"
                " of dotflow.abc.executor: give one, or what returns one."
            )
        return executor

    return Mode(getattr(choice, "__name__", type(choice).__name__), made, chained=False)


def _plugged_in(name: Any) -> Mode:
    from dotflow.abc.executor import AnyExecutor
    from dotflow.providers.registry import entry_point_names, load_entry_point

    known = entry_point_names(EXECUTORS)
    if name not in known:
        from dotflow.base.suggest import hint

        names = (*_BUILT_IN, *sorted(known))
        meant = hint(str(name), names)
        if name in INSTALLABLE:
            meant = f" It comes with {pip_line(name)}."
        raise ExecutionModeNotExist(name, names, meant)
    executor = load_entry_point(EXECUTORS, name)
    if not (isinstance(executor, type) and issubclass(executor, AnyExecutor)):
        raise ProviderConflict(
            f"The executor {name!r} is registered as {executor!r}, which is no subclass"
            " of dotflow.abc.executor.Executor: tell its author."
        )
    return Mode(name, executor, chained=False)
