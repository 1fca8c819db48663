"""`DAG`: the edges between named tasks, and the checks before anything runs."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dotflow.base.suggest import hint
from dotflow.errors import GraphError
from dotflow.model.graph import cycle_text, cycles, reachable

if TYPE_CHECKING:
    from dotflow.pipeline.registry import TaskRegistry
    from dotflow.pipeline.spec import TaskSpec


@dataclass(frozen=True)
class DAG:
    """The tasks of one DAG in an order that respects its edges.

    Args:
        name: The name of the DAG.
        nodes: The tasks' names, each after all it depends on.
        edges: For each task the tasks it depends on.
    """

    name: str
    nodes: list[str]
    edges: dict[str, list[str]]

    def parents_of(self, task_name: str) -> list[str]:
        """Return the tasks that a task depends on."""
        return list(self.edges[task_name])

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """For each task the tasks that depend on it."""
        children: dict[str, list[str]] = {node: [] for node in self.nodes}
        for node in self.nodes:
            for parent in self.edges[node]:
                children[parent].append(node)
        return children

    def descendants_of(self, tasks: Iterable[str]) -> set[str]:
        """Return these tasks and all that depend on them."""
        return reachable(tasks, self.children)

    def subgraph(self, targets: Sequence[str]) -> DAG:
        """Return these tasks and all that they depend on, as a DAG.

        Raises:
            GraphError: There is no such task.
        """
        require_known(targets, self.nodes, self.name)
        kept = reachable(targets, self.edges)
        nodes = [node for node in self.nodes if node in kept]
        return DAG(self.name, nodes, {node: self.edges[node] for node in nodes})


class DAGBuilder:
    """Builds DAGs of the tasks in a registry.

    Args:
        registry: The tasks.
    """

    def __init__(self, registry: TaskRegistry) -> None:
        self._registry = registry

    def dag_names(self) -> list[str]:
        """Return the names of all DAGs, sorted."""
        return self._registry.dags()

    def specs_of(self, dag_name: str) -> Mapping[str, TaskSpec]:
        """Return the tasks of a DAG; all of them where none names its DAG.

        Raises:
            GraphError: There is no such DAG, or it is empty.
        """
        specs = self._registry.of_dag(dag_name)
        if not specs and not self._registry.dags():
            specs = self._registry.of_dag(None)
        if specs:
            return specs
        known = self._registry.dags()
        if not known:
            raise GraphError([f"{dag_name!r} has no tasks."])
        dags = ", ".join(known)
        raise GraphError(
            [f"{dag_name!r} has no tasks.{hint(dag_name, known)} There are: {dags}."]
        )

    def build(self, dag_name: str) -> DAG:
        """Check the tasks of a DAG and put them in order.

        Raises:
            GraphError: All that is wrong with it, together.
        """
        specs = self.specs_of(dag_name)
        problems: list[str] = []
        edges: dict[str, list[str]] = {}
        ordered = True
        for name, spec in specs.items():
            deps = spec.deps
            if spec.binding.missing:
                problems += spec.problems()
            for dep in deps:
                if dep not in edges:  # those of the tasks declared before this one
                    ordered = False
                    break
            if spec.foreign or not ordered:
                problems += self._wrong_deps(spec, specs)
                deps = [dep for dep in deps if dep in specs]
            edges[name] = list(dict.fromkeys(deps)) if len(deps) > 1 else deps
        nodes, found = (list(edges), []) if ordered else _ordered(edges)
        problems += map(cycle_text, found)
        if problems:
            raise GraphError(problems)
        return DAG(dag_name, nodes, edges)

    def _wrong_deps(self, spec: TaskSpec, specs: Mapping[str, TaskSpec]) -> list[str]:
        foreign = dict(spec.foreign)
        problems = []
        for dep in spec.deps:
            if dep in foreign:
                home: str | None = foreign[dep]
            elif dep in specs:
                continue
            else:
                home = next(
                    (
                        d
                        for d in self._registry.dags()
                        if dep in self._registry.of_dag(d)
                    ),
                    None,
                )
            if home is not None:
                problems.append(
                    f"Task {spec.name!r} depends on {dep!r}, which belongs to {home!r}:"
                    " an edge cannot lead from one pipeline to another."
                )
            else:
                problems.append(
                    f"Task {spec.name!r} depends on {dep!r}, which is not registered."
                    f"{hint(dep, specs)}"
                )
        return problems


def require_known(names: Iterable[str], known: Collection[str], dag: str) -> None:
    """Check that tasks exist.

    Raises:
        GraphError: Some do not; all of them.
    """
    known = set(known)
    problems = [
        f"There is no task {name!r} in {dag!r}.{hint(str(name), known)}"
        for name in names
        if name not in known
    ]
    if problems:
        raise GraphError(problems)


def _ordered(edges: Mapping[str, list[str]]) -> tuple[list[str], list[list[str]]]:
    """Return the nodes in order, and the cycles among those that have none."""
    place = {node: number for number, node in enumerate(edges)}
    waiting = {node: len(upstream) for node, upstream in edges.items()}
    children: dict[str, list[str]] = {node: [] for node in edges}
    for node, upstream in edges.items():
        for parent in upstream:
            children[parent].append(node)
    names = list(edges)
    ready = [place[node] for node, count in waiting.items() if not count]
    order = []
    while ready:  # a heap, so that the order of declaration is kept where it can be
        node = names[heapq.heappop(ready)]
        order.append(node)
        for child in children[node]:
            waiting[child] -= 1
            if not waiting[child]:
                heapq.heappush(ready, place[child])
    if len(order) == len(edges):
        return order, []
    return order, cycles(edges, {node for node, count in waiting.items() if count})
