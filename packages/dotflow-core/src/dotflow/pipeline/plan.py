"""`Plan`: a checked DAG, ready to be run any number of times."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dotflow.base.identity import new_ulids
from dotflow.engine.lineage import Lineage
from dotflow.errors import GraphError
from dotflow.model.context import Context
from dotflow.model.expansion import MapOver
from dotflow.model.graph import Graph
from dotflow.model.options import NODE_DEFAULTS
from dotflow.model.task import TaskInstance
from dotflow.pipeline.step import steps_of

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
        ordered = [specs[name] for name in nodes]
        # By place, rather than a tuple for each task: that halves the time of a check.
        self._steps = steps = steps_of(ordered)
        self._depends_on: list[tuple[str, ...] | None] = []
        upstream: list[tuple[int, ...]] = []
        place_of = {name: place for place, name in enumerate(nodes)}
        former: list[str] | None = None
        for name in nodes:
            deps = edges[name]
            if deps != former:  # in a fan all have the same ones: a third of the time
                former = deps
                # A task without dependencies is a root in a graph that is not chained.
                names = tuple(deps) or None
                places = tuple([place_of[dep] for dep in deps])
            upstream.append(places)
            self._depends_on.append(names)
        self._graph = Graph.of_edges(upstream, explicit=any(upstream))
        self._needs_context = [
            spec.name for spec in ordered if spec.binding.needs_context
        ]
        special = [
            (place, spec)
            for place, spec in enumerate(ordered)
            if spec.options is not NODE_DEFAULTS
        ]
        self._mapped = [
            (place, MapOver(over))
            for place, spec in special
            if (over := spec.map_over) is not None
        ]
        self.guarded = [steps[place] for place, _ in special if steps[place].guarded]
        self.transient = {
            spec.name: len(dag.children[spec.name])
            for _, spec in special
            if not spec.options["retain_result"]
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

    def lineages(self, start: str) -> dict[str, str]:
        """Return what each task is made from in a run without a context.

        Args:
            start: The run.
        """
        lineage = Lineage(
            self._graph.over(self._tasks(Context())), start, numbered=False
        )
        return dict(zip(self.dag.nodes, lineage.fresh, strict=True))

    def _tasks(self, shared: Context) -> list[TaskInstance]:
        make, created, names = TaskInstance.of_step, time.time(), self.dag.nodes
        ids = new_ulids(len(names))
        tasks = [
            # The name is the key as well: the store knows results by run and name.
            make(step, name, name, depends_on, shared, task_id, created)
            for step, name, depends_on, task_id in zip(
                self._steps, names, self._depends_on, ids, strict=True
            )
        ]
        for place, mapping in self._mapped:
            tasks[place].expansion = mapping
        return tasks
