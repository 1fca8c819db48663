"""Where the boxes of a graph stand, so that no line runs through one of them.

Each column holds the tasks of one level. What is awaited further on than the next column
has a lane through the columns between, which all that wait for it share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotflow.report.data import NodeView

BOX_HEIGHT, LANE_HEIGHT, GAP = 36.0, 8.0, 12.0
# A drawing with more of them is a grey area; the lines go straight then.
MOST_LANES = 5_000


def heights(nodes: Sequence[NodeView]) -> dict[tuple[int, int], float]:
    """Return how far below the top what stands in each column has its middle.

    Args:
        nodes: The tasks; what they wait for is among them, or left out.

    Returns:
        By the column and the task's place: of the task in its own column, of its lane
        in those behind it.
    """
    columns = _columns(nodes)
    placed: dict[tuple[int, int], float] = {}
    for level, column in enumerate(columns):
        wished = {place: _wish(nodes, placed, level, place) for place in column}
        top = 0.0
        for place in sorted(column, key=wished.__getitem__):
            is_box = nodes[place].level == level
            half = (BOX_HEIGHT if is_box else LANE_HEIGHT) / 2
            middle = max(top + half, wished[place])
            placed[level, place] = middle
            top = middle + half + GAP
    return placed


def _columns(nodes: Sequence[NodeView]) -> list[list[int]]:
    ends = [node.level for node in nodes]
    for node in nodes:
        for source in node.sources:
            if source < len(nodes):
                ends[source] = max(ends[source], node.level - 1)
    if sum(ends) - sum(node.level for node in nodes) > MOST_LANES:
        ends = [node.level for node in nodes]
    columns: list[list[int]] = [[] for _ in range(max(ends, default=-1) + 1)]
    for place, node in enumerate(nodes):
        for level in range(node.level, ends[place] + 1):
            columns[level].append(place)
    return columns


def _wish(
    nodes: Sequence[NodeView],
    placed: dict[tuple[int, int], float],
    level: int,
    place: int,
) -> float:
    """Return the middle of what leads there from the column before."""
    is_box = nodes[place].level == level
    before = nodes[place].sources if is_box else (place,)
    known = [placed[level - 1, one] for one in before if (level - 1, one) in placed]
    return sum(known) / len(known) if known else 0.0
