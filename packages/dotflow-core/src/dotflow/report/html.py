"""Reports and graphs for notebooks, which ask for `_repr_html_`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dotflow.report.colours import style_of
from dotflow.report.escape import shorten, xml_text
from dotflow.report.gantt import gantt, seconds_text

if TYPE_CHECKING:
    from dotflow.report.data import RunData, TaskReport

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
    head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    rows = "".join(_row(task) for task in shown.tasks)
    return (
        f"<div><strong>{xml_text(title)}</strong>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"{_left_out(len(report.tasks))}{gantt(shown)}</div>"
    )


def graph_page(drawing: str, tasks: int) -> str:
    """Return a graph as a drawing.

    Args:
        drawing: The SVG of it; of a large one only of the beginning.
        tasks: How many tasks it has.
    """
    return f"<div>{drawing}{_left_out(tasks)}</div>"


def _row(task: TaskReport) -> str:
    _, fill, text = style_of(task.state)
    error = task.error
    badge = f"background:{fill};color:{text};padding:0 6px"
    cells = (
        xml_text(task.name),
        f'<span style="{badge}">{xml_text(task.state)}</span>',
        str(len(task.attempts)),
        "" if task.duration is None else seconds_text(task.duration),
        xml_text(", ".join(task.upstream)),
        ""
        if error is None
        else xml_text(shorten(f"{error.exception}: {error.message}", 200)),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _left_out(count: int) -> str:
    return f"<p>… and {count - MOST} more tasks</p>" if count > MOST else ""
