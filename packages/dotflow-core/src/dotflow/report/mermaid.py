"""Graphs as Mermaid flowcharts, which GitHub, GitLab and many editors draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dotflow.base.escape import mermaid_text
from dotflow.report.colours import style_of

if TYPE_CHECKING:
    from dotflow.report.data import NodeView, RunData, TaskReport

# A rectangle, one with double sides, and one with round ends.
_SHAPES = {"": '["{}"]', "map": '[["{}"]]', "workflow": '(["{}"])'}


def graph_chart(nodes: Sequence[NodeView]) -> str:
    """Draw a graph that has not run."""
    labels = [
        mermaid_text(f"{node.name}\n{node.note}" if node.note else node.name)
        for node in nodes
    ]
    kinds = [node.kind for node in nodes]
    lines = _nodes(labels, [node.group for node in nodes], kinds)
    arrows = [
        f"n{source} {'-.->' if node.by_order else '-->'} n{target}"
        for target, node in enumerate(nodes)
        for source in node.sources
    ]
    return _chart([*lines, *arrows])


def report_chart(report: RunData) -> str:
    """Draw the graph of a run, each task coloured by how it ended."""
    tasks = report.tasks
    # Nodes are numbered: a name may hold anything, and Mermaid's ids may not.
    places = {task.name: node for node, task in enumerate(tasks)}
    edges = (
        (places[name], node)
        for node, task in enumerate(tasks)
        for name in task.upstream
        if name in places
    )
    groups = [task.group for task in tasks]
    lines = _nodes([_label(task) for task in tasks], groups, [""] * len(tasks))
    lines += [f"n{source} --> n{target}" for source, target in edges]
    lines += _styles([task.state for task in tasks])
    return _chart(lines)


def _label(task: TaskReport) -> str:
    notes = [task.state.lower()]
    if len(task.attempts) > 1:
        notes.append(f"{len(task.attempts)} attempts")
    if task.restored:
        notes.append("restored")
    if task.cached:
        notes.append("cached")
    return f"{mermaid_text(task.name)}<br/>{', '.join(notes)}"


def _nodes(
    labels: Sequence[str], groups: Sequence[str], kinds: Sequence[str]
) -> list[str]:
    drawn = [
        f"n{node}{_SHAPES[kind].format(label)}"
        for node, (label, kind) in enumerate(zip(labels, kinds, strict=True))
    ]
    members: dict[str, list[int]] = {}
    for node, group in enumerate(groups):
        members.setdefault(group, []).append(node)
    if len(members) < 2:
        return drawn
    lines: list[str] = []
    for number, (group, nodes) in enumerate(members.items()):
        lines.append(f'subgraph g{number}["{mermaid_text(group)}"]')
        lines += [f"  {drawn[node]}" for node in nodes]
        lines.append("end")
    return lines


def _styles(states: Sequence[str]) -> list[str]:
    members: dict[tuple[str, str, str], list[str]] = {}
    for node, state in enumerate(states):
        members.setdefault(style_of(state), []).append(f"n{node}")
    lines: list[str] = []
    for (name, fill, text), nodes in members.items():
        lines.append(f"classDef {name} fill:{fill},color:{text}")
        lines.append(f"class {','.join(nodes)} {name}")
    return lines


def _chart(lines: Sequence[str]) -> str:
    return "\n".join(["flowchart LR", *(f"  {line}" for line in lines)]) + "\n"
