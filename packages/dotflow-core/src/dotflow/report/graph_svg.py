"""A graph as an SVG drawing: boxes from left to right, and lines around them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dotflow.base.escape import line_text, shorten
from dotflow.report import svg
from dotflow.report.layout import BOX_HEIGHT, heights

if TYPE_CHECKING:
    from dotflow.report.data import NodeView

_WIDTH, _GAP, _MARGIN = 160.0, 48.0, 12.0
_LABEL_LENGTH = 21
_NOTE_LENGTH = 26
# How far each of the boxes behind a map is moved.
_STACK = 3.0
_LINE = "#90a4ae"
FILLS = {"": "#e3f2fd", "map": "#e8f5e9", "workflow": "#ede7f6"}
_BORDERS = {"": "#90caf9", "map": "#66bb6a", "workflow": "#7e57c2"}
_ARROW = (
    '<defs><marker id="dotflow-arrow" viewBox="0 0 6 6" refX="6" refY="3"'
    ' markerWidth="6" markerHeight="6" orient="auto"><path d="M0 0 L6 3 L0 6 z"'
    f' fill="{_LINE}"/></marker></defs>'
)


def graph_svg(nodes: Sequence[NodeView], title: str) -> str:
    """Return the drawing as an SVG document.

    Args:
        nodes: The tasks to draw.
        title: What it shows, for whoever cannot see it.
    """
    placed = heights(nodes)
    shapes = [_ARROW]
    shapes += (
        _route(placed, source, nodes[source].level, place, node)
        for place, node in enumerate(nodes)
        for source in node.sources
        if source < len(nodes)
    )
    for place, node in enumerate(nodes):
        shapes += _box(node, _left(node.level), placed[node.level, place] + _MARGIN)
    columns = max((node.level for node in nodes), default=0) + 1
    bottom = max(placed.values(), default=0.0) + BOX_HEIGHT / 2
    width = _left(columns) - _GAP + _MARGIN
    return svg.document(width, bottom + 2 * _MARGIN, title, shapes)


def _left(level: int) -> float:
    return _MARGIN + level * (_WIDTH + _GAP)


def _route(
    placed: dict[tuple[int, int], float],
    source: int,
    level: int,
    place: int,
    node: NodeView,
) -> str:
    """Return the line from a task to one that waits for it, through its lane."""
    x, y = _left(level) + _WIDTH, placed[level, source] + _MARGIN
    path = [f"M{svg.number(x)} {svg.number(y)}"]
    for column in range(level + 1, node.level):
        if (column, source) in placed:
            lane = placed[column, source] + _MARGIN
            path.append(_curve(x, y, _left(column), lane))
            x, y = _left(column) + _WIDTH, lane
            path.append(f"L{svg.number(x)} {svg.number(y)}")
    path.append(_curve(x, y, _left(node.level), placed[node.level, place] + _MARGIN))
    dashes = f' stroke-dasharray="{svg.DASHES}"' if node.by_order else ""
    return (
        f'<path d="{" ".join(path)}" fill="none" stroke="{_LINE}"{dashes}'
        ' marker-end="url(#dotflow-arrow)"/>'
    )


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    middle = (x1 + x2) / 2
    return "C" + " ".join(map(svg.number, (middle, y1, middle, y2, x2, y2)))


def _diamond(x: float, y: float, stroke: str) -> str:
    points = ((x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y))
    corners = " ".join(",".join(map(svg.number, point)) for point in points)
    return f'<polygon points="{corners}" fill="#fff" stroke="{stroke}"/>'


def _box(node: NodeView, x: float, middle: float) -> Iterator[str]:
    y = middle - BOX_HEIGHT / 2
    fill, border = FILLS[node.kind], _BORDERS[node.kind]
    size = (_WIDTH, BOX_HEIGHT)
    if node.kind == "map":
        for behind in (2 * _STACK, _STACK):
            yield svg.box(x + behind, y - behind, *size, fill, stroke=border)
    tip = "\n".join(filter(None, (node.name, node.note, f"group {node.group}")))
    dashed = node.parent is not None
    yield svg.box(x, y, *size, fill, tip, stroke=border, dashed=dashed)
    if node.kind == "workflow":
        yield svg.box(x + 3, y + 3, size[0] - 6, size[1] - 6, "none", stroke=border)
    if node.cached:
        yield _diamond(x + size[0] - 14, y + 12, border)
    length = _LABEL_LENGTH - 3 if node.cached else _LABEL_LENGTH
    name = shorten(line_text(node.name), length)
    yield svg.label(x + 9, middle + (-2 if node.note else 4), name)
    if node.note:
        note = shorten(line_text(node.note), _NOTE_LENGTH)
        yield svg.label(x + 9, middle + 12, note, fill="#546e7a", size=10)
