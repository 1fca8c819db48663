"""Checks, before anything runs, that each step gets all that it asks for."""

from __future__ import annotations

from dotflow.base.parameters import CONTEXTS
from dotflow.base.suggest import closest, hint
from dotflow.errors import ExecutionWithClassError, GraphError, InvalidTask
from dotflow.model.expansion import MapOver, is_whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotflow.model.graph import Graph
    from dotflow.model.task import TaskInstance

_ITEM = ("item", "index")
# How many tasks a warning names.
_NAMED = 5


def check_parameters(graph: Graph) -> None:
    """Check the parameters of the steps of a graph, and the methods of its classes.

    Raises:
        GraphError: A step requires what nothing provides, or a class-based step could
            not be run; all that is wrong with all of them.
    """
    problems: list[str] = []
    for task in [task for task in graph.tasks if task.step.checked]:
        if not is_whole(task.expansion):
            problems.extend(_problems(graph, task))
    if problems:
        raise GraphError(problems)


def _problems(graph: Graph, task: TaskInstance) -> Iterator[str]:
    step, given = task.step, _given(task)
    for name in step.needs:
        # What a wrapper does not hand on it may fill itself: then only what is probably
        # misspelt is wrong for certain.
        misspelt = closest(name, (*CONTEXTS, *given))
        if name not in given and (name not in step.behind or misspelt):
            yield _problem(graph, task, name, misspelt, given)
    if isinstance(step.func, type):
        from dotflow.engine.steps import check_class

        try:
            check_class(step.func)
        except ExecutionWithClassError as error:
            yield f"Task {task.name!r}: {error}"


def _given(task: TaskInstance) -> tuple[str, ...]:
    """Return what a task's step may name, beside the contexts; see `RunState.inputs`."""
    names = [task.local_name(name) for name in task.depends_on or ()]
    if isinstance(task.expansion, MapOver):
        names += [task.local_name(task.expansion.over), *_ITEM]
    return tuple(dict.fromkeys(names))


def _problem(
    graph: Graph,
    task: TaskInstance,
    name: str,
    misspelt: str | None,
    given: tuple[str, ...],
) -> str:
    text = (
        f"Task {task.name!r} requires the parameter {name!r}, which nothing provides."
    )
    if name == "self":
        return f"{text} It is a method: give that of an object, as Shop().price."
    others = {task.local_name(other.name) for other in graph.tasks} - {task.name}
    if name in others:
        return (
            f"{text} There is a task {name!r}, which is not in its depends_on: write"
            f" depends_on={[*given, name]!r}."
        )
    meant = misspelt or closest(name, others)
    if meant is not None:
        text += f" Did you mean {meant!r}?"
    known = ", ".join((*CONTEXTS, *given))
    hint = "" if given else "; and, by their names, the tasks in depends_on"
    return f"{text} A step may take {known}{hint}."


def warn_of_unfed(graph: Graph, mode: str) -> None:
    """Warn of steps that a chain would give a previous context, and this mode does not.

    Args:
        graph: What is to run, in a mode without a chain.
        mode: The name of the mode.
    """
    begun: set[str] = set()
    unfed: list[str] = []
    for task in graph.tasks:
        follows = task.depends_on is None and task.group_name in begun
        if follows and task.step.wants_previous:
            unfed.append(task.name)
        begun.add(task.group_name)
    if not unfed:
        return
    from dotflow.logging import warn

    more = len(unfed) - _NAMED
    warn(
        "mode=%r runs tasks without depends_on= side by side: previous_context is empty"
        " for %s%s. Give depends_on=, or use a mode that runs them in order, as the"
        " default one does",
        mode,
        ", ".join(map(repr, unfed[:_NAMED])),
        f" and {more} more" if more > 0 else "",
    )


def check_limits(limits: dict[str, int] | None, tasks: Iterable[TaskInstance]) -> None:
    """Check the names of limits that a run is given.

    Raises:
        InvalidTask: No step has a limit of such a name.
    """
    refuse_limits(limits, [task.step.limit for task in tasks])


def refuse_limits(limits: dict[str, int] | None, names: Iterable[str | None]) -> None:
    """Refuse limits that are none of those names; see `check_limits`."""
    known = {name for name in names if name is not None}
    for name in limits or ():
        if name not in known:
            there = ", ".join(map(repr, sorted(known))) or "none"
            raise InvalidTask(
                f"limits={limits!r}: no step has a limit {name!r}.{hint(name, known)}"
                f" There are: {there}."
            )
