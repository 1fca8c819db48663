"""`Catalog`: the DAGs of a registry, checked and planned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dotflow.errors import GraphError
from dotflow.pipeline.dag import DAG, DAGBuilder, require_known
from dotflow.pipeline.plan import Plan
from dotflow.pipeline.registry import Deps, F, TaskRegistry, task
from dotflow.pipeline.tree import draw_tree

if TYPE_CHECKING:
    from dotflow.model.graph import Graph
    from dotflow.pipeline.context import RunContext

Target = str | Callable[..., Any]


class Catalog:
    """The DAGs of a registry: declared, checked once, and planned.

    Args:
        registry: The tasks; default: an empty one.
    """

    def __init__(self, registry: TaskRegistry | None = None) -> None:
        self.registry = TaskRegistry() if registry is None else registry
        self._builder = DAGBuilder(self.registry)
        self._plans: dict[tuple[str, frozenset[str] | None], Plan] = {}
        self._version = self.registry.version

    def task(
        self, name: str | None = None, deps: Deps | None = None, **options: Any
    ) -> Callable[[F], F]:
        """Declare a task, of the DAG `dag=`; see `dotflow.pipeline.registry.task`."""
        return task(name, deps, registry=self.registry, **options)

    def list_dags(self) -> list[str]:
        """Return the names of all DAGs, sorted."""
        return self._builder.dag_names()

    def list_tasks(self, dag_name: str) -> list[str]:
        """Return the tasks of a DAG, each after all it depends on; see `validate`."""
        return list(self.build(dag_name).nodes)

    def validate(self, dag_name: str) -> None:
        """Check a DAG.

        Raises:
            GraphError: All that is wrong with it, together.
        """
        self._plan(dag_name)

    def build(self, dag_name: str) -> DAG:
        """Check a DAG and return it; see `validate`."""
        return self._plan(dag_name).dag

    def graph(self, dag_name: str, context: RunContext[Any] | None) -> Graph:
        """Return the graph of new tasks for one run of a DAG; see `run_once`."""
        return self._plan(dag_name).graph(context)

    def display_dag(self, dag_name: str) -> str:
        """Draw a DAG as a tree of text; see `validate`."""
        return draw_tree(self.build(dag_name))

    def names_of(self, dag_name: str, targets: Sequence[Target]) -> list[str]:
        """Return the names of tasks that are given by name or as functions.

        Raises:
            GraphError: Some are no tasks of the DAG.
        """
        if isinstance(targets, str):
            raise TypeError(f"Give a list of tasks: [{targets!r}].")
        dag = self.build(dag_name)
        specs = self._builder.specs_of(dag_name)
        own = next(iter(specs.values())).dag
        names = [
            target
            if isinstance(target, str)
            else self.registry.name_of(target, own)
            or str(getattr(target, "__name__", target))
            for target in targets
        ]
        require_known(names, dag.nodes, dag_name)
        return names

    def _plan(self, dag_name: str, targets: Sequence[str] | None = None) -> Plan:
        """Check a DAG, or a part of it; again only when a task was added."""
        if self._version != self.registry.version:
            self._plans.clear()
            self._version = self.registry.version
        key = (dag_name, None if targets is None else frozenset(targets))
        plan = self._plans.get(key)
        if plan is None:
            dag = (
                self._builder.build(dag_name)
                if targets is None
                else self.build(dag_name).subgraph(targets)
            )
            if not dag.nodes:
                raise GraphError(["There is nothing to run: no target was given."])
            plan = self._plans[key] = Plan(dag, self._builder.specs_of(dag_name))
        return plan
