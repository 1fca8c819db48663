"""Reports and graphs for notebooks, which ask for `_repr_html_`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dotflow.base.escape import shorten, xml_text
from dotflow.report.colours import style_of
from dotflow.report.gantt import gantt, seconds_text
from dotflow.report.graph_svg import graph_svg
from dotflow.report.text import task_cells

if TYPE_CHECKING:
    from dotflow.report.data import NodeView, RunData, TaskReport

# A notebook keeps what it shows in its file.
MOST = 200
_COLUMNS = ("Task", "State", "Attempts", "Duration", "After", "Error")


def report_page(report: RunData) -> str:
    """Return a run as a table and its Gantt chart.

    Args:
        report: The run; of a long one only the first tasks are shown.
    """
    shown = replace(report, tasks=report.tasks[:MOST])
    duration = "" if report.duration is None else f", {seconds_text(report.duration)}"
    title = f"{report.name or report.workflow_id or 'Run'}: {report.status}{duration}"
    return (
        f"<div><strong>{xml_text(title)}</strong>"
        f"{table(_COLUMNS, map(_cells, shown.tasks), states='State')}"
        f"{_left_out(len(report.tasks))}{gantt(shown)}</div>"
    )


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], states: str = ""
) -> str:
    """Return a table.

    Args:
        headings: What stands above its columns.
        rows: Its cells, any text.
        states: The column whose cells are states, and coloured.
    """
    head = "".join(f"<th>{xml_text(heading)}</th>" for heading in headings)
    coloured = headings.index(states) if states else -1
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{_badge(cell) if place == coloured else xml_text(cell)}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def graph_page(drawing: str, tasks: int) -> str:
    """Return a graph as a drawing.

    Args:
        drawing: The SVG of it; of a large one only of the beginning.
        tasks: How many tasks it has.
    """
    return f"<div>{drawing}{_left_out(tasks)}</div>"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<title>{title}</title>
<style>
body {{ font-family: ui-sans-serif, system-ui, sans-serif; margin: 2em; }}
figure {{ overflow-x: auto; margin: 1em 0; }}
th, td {{ padding: .2em 1em .2em 0; text-align: left; vertical-align: top; }}
</style>
</head>
<body>
<h1>{title}</h1>
<figure>{drawing}</figure>
{legend}
{table}
</body>
</html>
"""


def graph_document(nodes: Sequence[NodeView], title: str) -> str:
    """Return a graph as an HTML document of its own.

    Args:
        nodes: The tasks.
        title: What to call it.
    """
    cells = (
        (node.name, node.group, node.note, ", ".join(node.upstream)) for node in nodes
    )
    return _PAGE.format(
        title=xml_text(title),
        drawing=graph_svg(nodes, title),
        legend=_legend(nodes),
        table=table(("Task", "Group", "What", "After"), cells),
    )


def _legend(nodes: Sequence[NodeView]) -> str:
    """Return what the marks mean that are there."""
    kinds = {node.kind for node in nodes}
    said = (
        ("map" in kinds, "A stack runs for each item of a result."),
        (
            "workflow" in kinds,
            "A double border is the end of a sub-workflow, whose parts are dashed.",
        ),
        (
            any(node.cached for node in nodes),
            "A diamond runs only if the cache has no result for its inputs.",
        ),
        (
            any(node.by_order for node in nodes),
            "A dashed line is order alone: with keep_going its end runs in any case.",
        ),
    )
    text = " ".join(text for there, text in said if there)
    return f"<p>{text}</p>" if text else ""


def _cells(task: TaskReport) -> tuple[str, ...]:
    error = task.error
    return (
        *task_cells(task),
        ", ".join(task.upstream),
        "" if error is None else shorten(f"{error.exception}: {error.message}", 200),
    )


def _badge(state: str) -> str:
    _, fill, text = style_of(state)
    style = f"background:{fill};color:{text};padding:0 6px"
    return f'<span style="{style}">{xml_text(state)}</span>'


def _left_out(count: int) -> str:
    return f"<p>… and {count - MOST} more tasks</p>" if count > MOST else ""
