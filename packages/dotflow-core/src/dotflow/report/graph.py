"""`GraphView`: the graph of a workflow before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.report import svg
from dotflow.report.data import NodeView as NodeView
from dotflow.report.escape import line_text, shorten

if TYPE_CHECKING:
    from dotflow.model.graph import Graph

_BOX = (150.0, 28.0)
_GAP = (50.0, 14.0)
_MARGIN = 12.0
_LABEL_LENGTH = 20


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
        self.nodes = [
            NodeView(
                names[node],
                task.group_name,
                levels[node],
                tuple(names[up] for up in graph.upstream[node]),
                tuple(graph.upstream[node]),
            )
            for node, task in enumerate(graph.tasks)
        ]

    @property
    def edges(self) -> list[tuple[str, str]]:
        """Each edge as the names of the task before and the task after."""
        return [(name, node.name) for node in self.nodes for name in node.upstream]

    def to_mermaid(self) -> str:
        """Return it as a Mermaid flowchart."""
        from dotflow.report.mermaid import graph_chart

        return graph_chart(self.nodes)

    def to_text(self) -> str:
        """Return it as lines of text, one a task, in an order in which they may run.

        The number says how many tasks run one after the other before this one: tasks
        of one number may run at the same time.
        """
        order = sorted(range(len(self.nodes)), key=lambda n: self.nodes[n].level)
        names = [line_text(node.name) for node in self.nodes]
        digits = len(str(max((node.level for node in self.nodes), default=0) + 1))
        width = max((len(names[n]) for n in order if self.nodes[n].sources), default=0)
        lines = []
        for place in order:
            node = self.nodes[place]
            line = f"{node.level + 1:>{digits}}  {names[place]}"
            if node.sources:
                line = f"{line:<{digits + 2 + min(width, 60)}}  <- " + ", ".join(
                    names[source] for source in node.sources
                )
            lines.append(line + "\n")
        return "".join(lines)

    def to_svg(self, most: int | None = None) -> str:
        """Return it as an SVG document, from left to right.

        Args:
            most: The most tasks to draw; None for all.
        """
        nodes = self.nodes[:most]
        rows: dict[int, int] = {}
        corners: list[tuple[float, float]] = []
        for node in nodes:
            row = rows.get(node.level, 0)
            rows[node.level] = row + 1
            corners.append(
                (
                    _MARGIN + node.level * (_BOX[0] + _GAP[0]),
                    _MARGIN + row * (_BOX[1] + _GAP[1]),
                )
            )
        shapes = [
            _arrow(corners[source], corners[place])
            for place, node in enumerate(nodes)
            for source in node.sources
            if source < len(nodes)
        ]
        for node, (x, y) in zip(nodes, corners, strict=True):
            shapes.append(svg.box(x, y, *_BOX, fill="#e3f2fd", tip=node.name))
            name = shorten(line_text(node.name), _LABEL_LENGTH)
            shapes.append(svg.label(x + 8, y + 18, name))
        width = max((x for x, _ in corners), default=0.0) + _BOX[0] + _MARGIN
        height = max((y for _, y in corners), default=0.0) + _BOX[1] + _MARGIN
        return svg.document(width, height, f"{len(self.nodes)} tasks", shapes)

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


def _arrow(source: tuple[float, float], target: tuple[float, float]) -> str:
    x1, y1 = source[0] + _BOX[0], source[1] + _BOX[1] / 2
    x2, y2 = target[0], target[1] + _BOX[1] / 2
    middle = (x1 + x2) / 2
    points = (x1, y1, middle, y1, middle, y2, x2, y2)
    path = "M{} {} C{} {} {} {} {} {}".format(*map(svg.number, points))
    return f'<path d="{path}" fill="none" stroke="#90a4ae"/>'
