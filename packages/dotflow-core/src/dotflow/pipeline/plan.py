"""`Plan`: a checked DAG, ready to be run any number of times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dotflow.core.context import Context
from dotflow.core.exception import GraphError
from dotflow.core.task import Task
from dotflow.engine.graph import Graph
from dotflow.engine.mapping import Mapping as ItemsOf
from dotflow.pipeline.step import PipelineStep

if TYPE_CHECKING:
    from typing import Any

    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.dag import DAG
    from dotflow.pipeline.spec import TaskSpec


class Plan:
    """The steps and the graph of a DAG.

    Args:
        dag: The DAG.
        specs: Its tasks by name, perhaps among others.

    Attributes:
        dag: The DAG.
        transient: For each task whose result is not retained, the number of tasks that
            need it.
    """

    def __init__(self, dag: DAG, specs: Mapping[str, TaskSpec]) -> None:
        self.dag = dag
        self._parts = [
            # A task without dependencies is a root in a graph that is not chained.
            (name, PipelineStep(specs[name]), tuple(dag.edges[name]) or None)
            for name in dag.nodes
        ]
        self._mapped = [
            (place, ItemsOf(over))
            for place, name in enumerate(dag.nodes)
            if (over := specs[name].map_over) is not None
        ]
        self._graph = Graph(self._tasks(None), chained=False)
        self._needs_context = [
            name for name in dag.nodes if specs[name].binding.needs_context
        ]
        self.transient = {
            name: len(dag.children[name])
            for name in dag.nodes
            if not specs[name].retain_result
        }

    def graph(self, context: RunContext[Any] | None) -> Graph:
        """Return a graph of new tasks for one run.

        Args:
            context: What the tasks of the run share.

        Raises:
            GraphError: A task requires a context, and there is none.
        """
        if context is None and self._needs_context:
            names = ", ".join(map(repr, self._needs_context))
            raise GraphError(
                [f"A RunContext is required by {names}: pass context=RunContext(…)."]
            )
        return self._graph.over(self._tasks(Context(storage=context)))

    def _tasks(self, shared: Context | None) -> list[Task]:
        tasks = [
            Task(step=step, name=name, depends_on=deps, initial_context=shared)
            for name, step, deps in self._parts
        ]
        for place, mapping in self._mapped:
            tasks[place].expansion = mapping
        return tasks
