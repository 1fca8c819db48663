"""A run as a Gantt chart: a row for each task, a bar for each attempt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dotflow.base.escape import shorten
from dotflow.report import svg
from dotflow.report.colours import style_of

if TYPE_CHECKING:
    from datetime import datetime

    from dotflow.report.data import AttemptReport, RunData, TaskReport

_ROW = 22.0
_HEAD = 44.0
_CHART = 640.0
_MARGIN = 12.0
_LABEL_LENGTH = 40
_CHARACTER = 7.0
_TICKS = 5
# A bar of an attempt that took no time is still to be seen.
_SHORTEST = 2.0


def gantt(report: RunData) -> str:
    """Return the chart as an SVG document.

    Args:
        report: The run; one that goes on is drawn up to its last known moment.
    """
    begin, seconds = _span(report)
    names = [shorten(task.name, _LABEL_LENGTH) for task in report.tasks]
    left = _MARGIN * 2 + _CHARACTER * max(map(len, names), default=0)
    bottom = _HEAD + _ROW * len(report.tasks)
    # Not its `name`, which is the machine's where nobody gave one.
    called = report.identity.workflow or report.name or report.workflow_id or "run"
    title = f"{called}: {report.status}"
    if report.duration is not None:
        title += f", {seconds_text(report.duration)}"
    shapes = [svg.label(_MARGIN, 16, shorten(title, 100))]
    shapes += _axis(left, bottom, seconds)
    for row, (task, name) in enumerate(zip(report.tasks, names, strict=True)):
        y = _HEAD + row * _ROW
        shapes.append(svg.label(left - _MARGIN / 2, y + 15, name, end=True))
        shapes += _bars(task, y, left, begin, seconds)
    return svg.document(left + _CHART + _MARGIN, bottom + _MARGIN, title, shapes)


def seconds_text(seconds: float) -> str:
    """Return a duration for people: `3 ms`, `1.50 s`, `2:05 min`, `1:02:05 h`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h"


def _span(report: RunData) -> tuple[datetime | None, float]:
    moments = [report.started, report.finished]
    for task in report.tasks:
        for attempt in task.attempts:
            moments += [attempt.started, attempt.finished]
    known = [moment for moment in moments if moment is not None]
    if not known:
        return None, 0.0
    return min(known), (max(known) - min(known)).total_seconds()


def _axis(left: float, bottom: float, seconds: float) -> Iterator[str]:
    for tick in range(_TICKS + 1):
        x = left + _CHART * tick / _TICKS
        yield svg.line(x, _HEAD - 6, x, bottom)
        text = seconds_text(seconds * tick / _TICKS)
        yield svg.label(x, _HEAD - 10, text, "#607d8b", end=tick > 0)


def _bars(
    task: TaskReport, y: float, left: float, begin: datetime | None, seconds: float
) -> Iterator[str]:
    scale = _CHART / seconds if seconds else 0.0
    for attempt in task.attempts:
        if attempt.started is None or begin is None:
            continue
        start = (attempt.started - begin).total_seconds()
        length = attempt.duration
        if length is None:
            length = max(0.0, seconds - start)  # it runs, or died with its run
        state = attempt.outcome or task.state
        x = min(left + start * scale, left + _CHART - _SHORTEST)
        width = max(_SHORTEST, length * scale)
        yield svg.box(
            x, y + 3, width, _ROW - 6, style_of(state)[1], _tip(task, attempt)
        )
    if not task.attempts:
        note = "restored" if task.restored else "cached" if task.cached else task.state
        yield svg.label(left + 4, y + 15, note.lower(), "#607d8b")


def _tip(task: TaskReport, attempt: AttemptReport) -> str:
    parts = [f"{task.name}, attempt {attempt.number}: {attempt.outcome or task.state}"]
    if attempt.duration is not None:
        parts.append(seconds_text(attempt.duration))
    if attempt.error is not None:
        parts.append(f"{attempt.error.exception}: {attempt.error.message}")
    return "\n".join(parts)
