"""`GraphView`: the graph of a workflow before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.base.escape import line_text, xml_text
from dotflow.errors import DotflowError
from dotflow.model.expansion import MapOver, is_whole
from dotflow.report.data import NodeView as NodeView

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.model.graph import Graph
    from dotflow.model.task import TaskInstance


class GraphView:
    """A graph to look at: what runs after what.

    Args:
        graph: The graph, as it was compiled for a mode.
        mode: The mode.

    Attributes:
        nodes: The tasks, in the order they were added.
    """

    def __init__(self, graph: Graph, mode: str) -> None:
        self.mode = mode
        names = [task.name for task in graph.tasks]
        levels = _levels(graph)
        # In a plain list, with maps or not, all follow by order: nothing to mark.
        mixed = any(
            task.depends_on is not None
            and task.expansion is None
            and task.parent is None
            for task in graph.tasks
        )
        self.nodes = []
        for node, task in enumerate(graph.tasks):
            upstream = tuple(graph.upstream[node])
            by_order = mixed and bool(upstream) and task.depends_on is None
            what, kind = _marks(task)
            cached = task.step.cache
            notes = (what, "if not cached" * cached, "by order" * by_order)
            self.nodes.append(
                NodeView(
                    names[node],
                    task.group_name,
                    levels[node],
                    tuple(names[up] for up in upstream),
                    upstream,
                    ", ".join(filter(None, notes)),
                    kind,
                    task.parent,
                    by_order,
                    cached,
                )
            )

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Each edge as the names of the task before and the task after."""
        return [(name, node.name) for node in self.nodes for name in node.upstream]

    def to_mermaid(self) -> str:
        """Return it as a Mermaid flowchart."""
        from dotflow.report.mermaid import graph_chart

        return graph_chart(self.nodes)

    def to_text(self) -> str:
        """Return it as a drawing of lines, one a task, in an order in which they may run.

        The number says how many tasks run one after the other before this one: tasks
        of one number may run at the same time. A graph that is too wide to be drawn is
        a list, in which each task tells what it waits for.
        """
        from dotflow.report.lanes import lanes

        order = sorted(range(len(self.nodes)), key=lambda n: self.nodes[n].level)
        drawn = lanes(self.nodes, order)
        digits = len(str(max((node.level for node in self.nodes), default=0) + 1))
        lines = []
        for row, place in enumerate(order):
            node = self.nodes[place]
            name = line_text(f"{node.name}  ({node.note})" if node.note else node.name)
            if drawn is not None:
                name = f"{drawn[row]}  {name}"
            elif node.upstream:
                name += f"  <- {', '.join(map(line_text, node.upstream))}"
            lines.append(f"{node.level + 1:>{digits}}  {name}\n")
        return "".join(lines)

    def to_svg(self, most: int | None = None) -> str:
        """Return it as an SVG document, from left to right.

        Args:
            most: The most tasks to draw; None for all.
        """
        from dotflow.report.graph_svg import graph_svg

        return graph_svg(self.nodes[:most], f"{len(self.nodes)} tasks")

    def to_html(self, title: str = "") -> str:
        """Return it as an HTML document: the drawing, and a table of the tasks.

        Args:
            title: What to call it; default: how many tasks it has.
        """
        from dotflow.report.html import graph_document

        return graph_document(self.nodes, title or f"{len(self.nodes)} tasks")

    def _repr_html_(self) -> str:
        from dotflow.report.html import MOST, graph_page

        return graph_page(self.to_svg(MOST), len(self.nodes))

    def __len__(self) -> int:
        return len(self.nodes)

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<GraphView {self.mode}: {len(self.nodes)} tasks>"


def workflow_page(title: str, graph: Callable[[], GraphView]) -> str:
    """Return a workflow as its name and its graph, or as why it has none.

    Args:
        title: What it says of itself in a terminal.
        graph: Makes the graph.
    """
    from dotflow.report.html import MOST, graph_page

    try:
        view = graph()
    except DotflowError as error:
        below = f"<pre>{xml_text(str(error))}</pre>"
    else:
        below = graph_page(view.to_svg(MOST), len(view))
    return f"<div><strong>{xml_text(title)}</strong>{below}</div>"


def _marks(task: TaskInstance) -> tuple[str, str]:
    """Return what a task is beside a step, for people and for programs."""
    if isinstance(task.expansion, MapOver):
        return f"for each of {task.expansion.over}", "map"
    return ("a workflow", "workflow") if is_whole(task.expansion) else ("", "")


def _levels(graph: Graph) -> list[int]:
    """Return the length of the longest path to each node, without recursion."""
    levels = [0] * len(graph.tasks)
    waiting = [len(upstream) for upstream in graph.upstream]
    ready = [node for node, count in enumerate(waiting) if not count]
    for node in ready:  # it grows meanwhile: a queue
        for below in graph.downstream[node]:
            levels[below] = max(levels[below], levels[node] + 1)
            waiting[below] -= 1
            if not waiting[below]:
                ready.append(below)
    return levels
