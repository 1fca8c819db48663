"""Tables of plain text, for whoever prints a report or looks at one in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dotflow.base.escape import line_text, shorten
from dotflow.report.gantt import seconds_text

if TYPE_CHECKING:
    from dotflow.report.data import RunData, TaskReport

_WIDEST = 60
_COLUMNS = ("Task", "State", "Attempts", "Time", "Note")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, whose long cells are shortened.

    Args:
        headings: What stands above its columns.
        rows: Its cells, any text.
    """
    lines = [
        list(headings),
        *([shorten(line_text(text), _WIDEST) for text in row] for row in rows),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def cell(text: str, length: int = _WIDEST) -> str:
    """Return the first line of a text, shortened."""
    lines = text.strip().splitlines()
    return shorten(lines[0], length) if lines else ""


def progress_text(name: str, done: float, total: float | None) -> str:
    """Return how far something is, as `rows 40/100 (40%)`."""
    of = "" if total is None else f"/{total:,.15g}"
    part = f" ({100 * done / total:.0f}%)" if total else ""
    return cell(f"{name} {done:,.15g}{of}{part}")


def report_line(report: RunData) -> str:
    """Return a run as one line: what it is of, and how it went."""
    name = report.identity.workflow or report.name or report.workflow_id or "run"
    took = "" if report.duration is None else f" in {seconds_text(report.duration)}"
    done = sum(task.state == "Completed" for task in report.tasks)
    return (
        f"{line_text(name)}: {report.status}{took},"
        f" {done} of {len(report.tasks)} tasks completed"
    )


def report_text(report: RunData) -> str:
    """Return a run as a line and a table of its tasks."""
    return f"{report_line(report)}\n{table(_COLUMNS, map(_cells, report.tasks))}"


def task_cells(task: TaskReport) -> tuple[str, str, str, str]:
    """Return a task's name, its state, its number of attempts and how long it took."""
    took = "" if task.duration is None else seconds_text(task.duration)
    return (task.name, task.state, str(len(task.attempts)), took)


def _cells(task: TaskReport) -> tuple[str, ...]:
    error = task.error
    return (
        *task_cells(task),
        cell(task.reason if error is None else f"{error.exception}: {error.message}"),
    )
