"""A run as a Gantt chart in a terminal: a row for each task, a bar for its attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow.base.escape import line_text, shorten
from dotflow.report.gantt import seconds_text
from dotflow_cli.tables import style_of

if TYPE_CHECKING:
    from datetime import datetime

    from dotflow.report.model import RunReport, TaskReport

_NAME = 24
_MOST_ROWS = 60
_BAR, _WAIT = "█", "░"


def print_chart(report: RunReport, width: int) -> None:
    """Print the chart.

    Args:
        report: The run.
        width: The columns there are.
    """
    moments = [
        moment
        for task in report.tasks
        for attempt in task.attempts
        for moment in (attempt.started, attempt.finished)
        if moment is not None
    ]
    if not moments:
        return
    begin, end = min(moments), max(moments)
    seconds = (end - begin).total_seconds()
    tasks = [task for task in report.tasks if task.attempts][:_MOST_ROWS]
    label = min(_NAME, max(len(line_text(task.name)) for task in tasks))
    room = max(10, min(100, width - label - 14))
    for task in tasks:
        name = shorten(line_text(task.name), label)
        bar = _bar(task, begin, end, seconds, room)
        colour = style_of(task.state)
        took = "" if task.duration is None else seconds_text(task.duration)
        painted = click.style(bar, fg=None if colour == "default" else colour)
        click.echo(f"{name:<{label}} {painted} {took}".rstrip())


def _bar(
    task: TaskReport, begin: datetime, end: datetime, seconds: float, room: int
) -> str:
    cells = [" "] * room
    scale = room / seconds if seconds else 0.0
    last = None
    for attempt in task.attempts:
        if attempt.started is None:
            continue
        first = min(room - 1, int((attempt.started - begin).total_seconds() * scale))
        finished = attempt.finished or end
        after = int((finished - begin).total_seconds() * scale)
        after = min(room, max(first + 1, after))
        if last is not None:  # what is between two attempts is a wait
            cells[last:first] = _WAIT * max(0, first - last)
        cells[first:after] = _BAR * (after - first)
        last = after
    return "".join(cells[:room])
