"""`Graph`: the tasks of a run and the edges between them, checked once."""

from __future__ import annotations

from itertools import pairwise

from dotflow.errors import GraphError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol, TypeVar

    from dotflow.model.task import TaskInstance

    Node = TypeVar("Node")

    class Edges(Protocol[Node]):
        """A mapping from each node, or a sequence with a place for each."""

        def __getitem__(self, node: Node, /) -> Iterable[Node]: ...


_NO_NODES: tuple[int, ...] = ()


class Graph:
    """An immutable graph over tasks; a node is a task's place in `tasks`.

    An edge that the user wrote (`depends_on`) is *explicit*: a failure upstream skips
    what is downstream. An edge that only follows from the order in which tasks were
    added is not: with `keep_going` the next task runs all the same.

    Args:
        tasks: The tasks in the order they were added.
        chained: Whether a task without `depends_on` follows the one before it in its
            group; if not, it is a root.
        across_groups: Chain all tasks as one group.

    Raises:
        GraphError: Unknown or duplicate names, a task that depends on itself, a cycle;
            all of them together.

    Attributes:
        order: How the order in which tasks were added makes edges, as a letter: `u` not
            at all, `c` within groups, `x` across them.
    """

    __slots__ = ("downstream", "explicit", "order", "tasks", "upstream")

    def __init__(
        self,
        tasks: Sequence[TaskInstance],
        *,
        chained: bool,
        across_groups: bool = False,
    ) -> None:
        self.tasks = tuple(tasks)
        self.explicit = bool([t for t in tasks if t.depends_on is not None])
        self.order = "u" if not chained else "x" if across_groups else "c"
        self.upstream = (
            self._resolve_edges(chained, across_groups)
            if self.explicit
            else self._order_edges(chained, across_groups)
        )
        self.downstream = _reversed(self.upstream, self.explicit)
        if self.explicit:
            self._refuse_cycles()

    @classmethod
    def of_edges(cls, upstream: list[tuple[int, ...]], explicit: bool) -> Graph:
        """Return edges that were checked elsewhere, over no tasks yet; see `over`.

        Args:
            upstream: For each node the nodes before it.
            explicit: Whether the user wrote any of them.
        """
        graph = cls.__new__(cls)
        graph.tasks = ()
        graph.explicit = explicit
        graph.order = "u"
        graph.upstream = upstream
        graph.downstream = _reversed(upstream, explicit)
        return graph

    def over(self, tasks: Sequence[TaskInstance]) -> Graph:
        """Return the same edges over other tasks, of which each takes one's place.

        What was checked once need not be checked for every run.
        """
        graph = Graph.__new__(Graph)
        graph.tasks = tuple(tasks)
        graph.explicit = self.explicit
        graph.order = self.order
        graph.upstream = self.upstream
        graph.downstream = self.downstream
        return graph

    def around(self, node: int, upstream: Sequence[int]) -> Graph:
        """Return the graph of one task and of some that it waits for; it is the last.

        Args:
            node: Its place in this graph.
            upstream: Their places.
        """
        last = len(upstream)
        graph = Graph.__new__(Graph)
        graph.tasks = (*(self.tasks[up] for up in upstream), self.tasks[node])
        graph.explicit = self.explicit
        graph.order = self.order
        graph.upstream = [*([_NO_NODES] * last), tuple(range(last))]
        graph.downstream = [*([(last,)] * last), _NO_NODES]
        return graph

    def in_order(self) -> list[int]:
        """Return the nodes, each after all that it waits for; none that waits for itself."""
        waiting = [len(upstream) for upstream in self.upstream]
        order = [node for node, count in enumerate(waiting) if not count]
        for node in order:
            for below in self.downstream[node]:
                waiting[below] -= 1
                if not waiting[below]:
                    order.append(below)
        return order

    def _order_edges(self, chained: bool, across_groups: bool) -> list[tuple[int, ...]]:
        if not chained:
            return [_NO_NODES] * len(self.tasks)
        if across_groups or len({task.group_name for task in self.tasks}) < 2:
            return [
                (node - 1,) if node else _NO_NODES for node in range(len(self.tasks))
            ]
        return self._edges_around_parts(across_groups)

    def _edges_around_parts(self, across_groups: bool) -> list[tuple[int, ...]]:
        """Chain the tasks with each sub-workflow as one: its roots follow what it does."""
        last: dict[str, int] = {}
        edges: list[tuple[int, ...]] = []
        for node, task in enumerate(self.tasks):
            group = "" if across_groups else task.group_name
            before = last.get(group)
            edges.append(_NO_NODES if before is None else (before,))
            if task.parent is None:
                last[group] = node
        return edges

    def _resolve_edges(
        self, chained: bool, across_groups: bool
    ) -> list[tuple[int, ...]]:
        edges = (
            self._edges_around_parts(across_groups)
            if chained and any(task.parent is not None for task in self.tasks)
            else self._order_edges(chained, across_groups)
        )
        nodes: dict[str, int] = {}
        problems: list[str] = []
        for node, task in enumerate(self.tasks):
            if nodes.setdefault(task.name, node) != node:
                problems.append(f"Two tasks are named {task.name!r}: give one name=.")
        for node, task in enumerate(self.tasks):
            if task.depends_on is None:
                continue
            found = [nodes[name] for name in task.depends_on if name in nodes]
            if len(found) < len(task.depends_on):
                problems.extend(
                    self._unknown(task.name, name, nodes)
                    for name in task.depends_on
                    if name not in nodes
                )
            edges[node] = tuple(dict.fromkeys(found))
        if problems:
            raise GraphError(problems)
        return edges

    @staticmethod
    def _unknown(task: str, name: str, nodes: dict[str, int]) -> str:
        from dotflow.base.suggest import hint

        return f"Task {task!r} depends on {name!r}, which was not added.{hint(name, nodes)}"

    def _refuse_cycles(self) -> None:
        order = self.in_order()
        if len(order) == len(self.tasks):
            return
        stuck = set(range(len(self.tasks))).difference(order)
        found = cycles(dict(enumerate(self.upstream)), stuck)
        raise GraphError([self._circle(cycle) for cycle in found])

    def _circle(self, cycle: list[int]) -> str:
        """Say how a circle came about; one may be closed by the order of the tasks."""
        tasks = self.tasks
        text = cycle_text([tasks[node].name for node in cycle])
        for before, node in pairwise(cycle):
            if tasks[node].depends_on is None:
                text += (
                    f" Task {tasks[node].name!r} has no depends_on: it waits for"
                    f" {tasks[before].name!r} because it was added after it. Add it"
                    " before, or with depends_on=[]."
                )
        return text


def cycles(
    upstream: Mapping[Node, Sequence[Node]], stuck: set[Node]
) -> list[list[Node]]:
    """Return the cycles that keep nodes from ever being ready.

    It walks upstream from every stuck node; each walk ends in a cycle or a former walk.

    Args:
        upstream: For each node those before it.
        stuck: The nodes that never became ready; each has one of them upstream.
    """
    seen: set[Node] = set()
    found = []
    for start in upstream:
        path: dict[Node, int] = {}
        node: Node = start
        while node in stuck and node not in seen and node not in path:
            path[node] = len(path)
            node = next(up for up in upstream[node] if up in stuck)
        seen.update(path)
        if node in path:
            loop = [*list(path)[path[node] :], node]
            found.append(loop[::-1])
    return found


def cycle_text(names: Sequence[str]) -> str:
    """Return what is wrong with tasks that wait for each other."""
    return f"The dependencies form a cycle: {' -> '.join(names)}."


def _reversed(
    upstream_of: Sequence[tuple[int, ...]], explicit: bool
) -> list[tuple[int, ...]]:
    """Return for each node the nodes after it."""
    count = len(upstream_of)
    if count > 1 and not explicit and upstream_of.count(_NO_NODES) == 1:
        # One chain: what follows a node is what precedes the one after it.
        return [*upstream_of[2:], (count - 1,), _NO_NODES]
    downstream: list[list[int] | None] = [None] * count
    for node, upstream in enumerate(upstream_of):
        for source in upstream:
            nodes = downstream[source]
            if nodes is None:
                downstream[source] = [node]
            else:
                nodes.append(node)
    return [_NO_NODES if nodes is None else tuple(nodes) for nodes in downstream]


def reachable(start: Iterable[Node], edges: Edges[Node]) -> set[Node]:
    """Return some nodes and all that edges lead to from them.

    Args:
        start: The nodes.
        edges: Which nodes follow each.
    """
    found = set(start)
    waiting = list(found)
    while waiting:
        for node in edges[waiting.pop()]:
            if node not in found:
                found.add(node)
                waiting.append(node)
    return found
