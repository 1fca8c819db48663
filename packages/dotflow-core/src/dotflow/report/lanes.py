"""A graph as lines of text: a row for each task, a lane for each result that is awaited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotflow.report.data import NodeView

# Beside each other; a drawing with more of them helps nobody.
MOST = 24


def lanes(nodes: Sequence[NodeView], order: Sequence[int]) -> list[str] | None:
    """Return what is left of each task's name, or None where that would be too wide.

    A task is a dot. The lane below it goes on until the last task that waits for it,
    where it ends in that task's row.

    Args:
        nodes: The tasks.
        order: Their places, in an order in which they may run.
    """
    awaited = [0] * len(nodes)
    for node in nodes:
        for source in node.sources:
            awaited[source] += 1
    rows: list[str] = []
    open_lanes: list[int | None] = []
    for place in order:
        joined = set()
        ending = []
        sources = set(nodes[place].sources)
        for lane, owner in enumerate(open_lanes):
            if owner in sources:
                joined.add(lane)
                awaited[owner] -= nodes[place].sources.count(owner)
                if not awaited[owner]:
                    ending.append(lane)
        at = ending[0] if ending else _free(open_lanes)
        if at >= MOST:
            return None
        rows.append(_row(open_lanes, at, joined, set(ending)))
        for lane in ending:
            open_lanes[lane] = None
        open_lanes[at] = place if awaited[place] else None
        while open_lanes and open_lanes[-1] is None:
            open_lanes.pop()
    width = max(map(len, rows), default=0)
    return [row.ljust(width) for row in rows]


def _free(open_lanes: list[int | None]) -> int:
    if None in open_lanes:
        return open_lanes.index(None)
    open_lanes.append(None)
    return len(open_lanes) - 1


def _row(
    open_lanes: Sequence[int | None], at: int, joined: set[int], ending: set[int]
) -> str:
    first, last = min(joined | {at}), max(joined | {at})
    text = ""
    for lane, owner in enumerate(open_lanes):
        if lane == at:
            sign = "●"
        elif lane in joined:
            inner = first < lane < last
            up, through = (
                ("┴", "┼") if inner else ("┘", "┤") if lane > at else ("└", "├")
            )
            sign = up if lane in ending else through
        elif owner is not None:
            sign = "│"
        else:
            sign = "─" if first < lane < last else " "
        text += sign + ("─" if first <= lane < last else " ")
    return text.rstrip()
