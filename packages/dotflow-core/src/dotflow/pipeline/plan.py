"""`Plan`: a checked DAG, ready to be run any number of times."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dotflow.base.identity import new_ulids
from dotflow.errors import GraphError
from dotflow.model.context import Context
from dotflow.model.expansion import MapOver
from dotflow.model.graph import Graph
from dotflow.model.task import TaskInstance
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
        guarded: The steps that have a cache, a limit or a rate.
        transient: For each task whose result is not retained, the number of tasks that
            need it.
    """

    def __init__(self, dag: DAG, specs: Mapping[str, TaskSpec]) -> None:
        self.dag = dag
        nodes, edges = dag.nodes, dag.edges
        self._parts = [
            # A task without dependencies is a root in a graph that is not chained.
            (
                PipelineStep(specs[name]),
                name,
                name,  # for the store knows results by run and name
                tuple(edges[name]) or None,
            )
            for name in nodes
        ]
        self._mapped = [
            (place, MapOver(str(over)))
            for place, name in enumerate(nodes)
            if (over := specs[name].options["map"]) is not None
        ]
        place_of = {name: place for place, name in enumerate(nodes)}
        upstream = [
            () if deps is None else tuple(map(place_of.__getitem__, deps))
            for _, _, _, deps in self._parts
        ]
        self._graph = Graph.of_edges(upstream, explicit=any(upstream))
        self._needs_context = [
            name for name in nodes if specs[name].binding.needs_context
        ]
        self.guarded = [step for step, _, _, _ in self._parts if step.guarded]
        self.transient = {
            name: len(dag.children[name])
            for name in nodes
            if not specs[name].options["retain_result"]
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

    def _tasks(self, shared: Context) -> list[TaskInstance]:
        make, created = TaskInstance.of_step, time.time()
        ids = new_ulids(len(self._parts))
        tasks = [
            make(*part, shared, task_id, created)
            for part, task_id in zip(self._parts, ids, strict=True)
        ]
        for place, mapping in self._mapped:
            tasks[place].expansion = mapping
        return tasks
