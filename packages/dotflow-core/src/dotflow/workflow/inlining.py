"""Puts the tasks of a workflow into another one, as parts of a task of it."""

from __future__ import annotations

from dotflow.model.expansion import PLACEHOLDER, SUB_WORKFLOW
from dotflow.workflow.task import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dotflow.model.graph import Graph


def inlined_tasks(
    graph: Graph,
    name: str,
    callback: Callable[..., Any] | str,
    initial_context: Any,
    depends_on: tuple[str, ...] | None,
) -> list[Task]:
    """Return the tasks of a sub-workflow under their new names, and the one it is.

    Inside, what followed another task now depends on it; the first ones wait for what
    the sub-workflow as a whole waits for. The task that it is comes last.

    Args:
        graph: The sub-workflow's own tasks, which stay as they are, and their edges.
        name: The name of the task that it becomes.
        callback: Called when that task has ended.
        initial_context: For the first tasks, where they have none of their own.
        depends_on: What it waits for; None for the task before it.
    """
    tasks: list[Task] = []
    for node, inner in enumerate(graph.tasks):
        upstream = graph.upstream[node]
        task = Task.of(inner)
        task.name = f"{name}/{inner.name}"
        task.parent = name if inner.parent is None else f"{name}/{inner.parent}"
        if inner.expansion is not None:
            task.expansion = inner.expansion.within(name)
        if upstream:
            task.depends_on = tuple(f"{name}/{graph.tasks[up].name}" for up in upstream)
        else:
            task.depends_on = depends_on
            if initial_context is not None and inner.initial is None:
                task.initial_context = initial_context
        tasks.append(task)
    whole = Task(
        None,
        PLACEHOLDER,
        callback,
        initial_context,
        name=name,
        depends_on=tuple(
            task.name for node, task in enumerate(tasks) if not graph.downstream[node]
        ),
    )
    whole.expansion = SUB_WORKFLOW
    tasks.append(whole)
    return tasks
