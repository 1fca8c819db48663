"""A DAG drawn as a tree of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotflow.pipeline.dag import DAG


def draw_tree(dag: DAG) -> str:
    """Draw a DAG below its name; what was drawn before is marked and not repeated."""
    lines = [dag.name]
    drawn: set[str] = set()
    roots = [node for node in dag.nodes if not dag.edges[node]]
    # A stack rather than recursion: a chain may be longer than Python's limit.
    pending = _branches(roots, "")
    while pending:
        node, prefix, is_last = pending.pop()
        shared = " [shared]" if node in drawn else ""
        branch = "\\-- " if is_last else "|-- "
        lines.append(prefix + branch + node + shared)
        if not shared:
            drawn.add(node)
            below = prefix + ("    " if is_last else "|   ")
            pending += _branches(dag.children[node], below)
    return "\n".join(lines)


def _branches(nodes: list[str], prefix: str) -> list[tuple[str, str, bool]]:
    """Return siblings in the reverse order, as a stack gives them back."""
    last = len(nodes) - 1
    return [(node, prefix, place == last) for place, node in enumerate(nodes)][::-1]
