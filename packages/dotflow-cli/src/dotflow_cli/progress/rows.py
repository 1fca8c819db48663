"""The lines of the live display: a line a task, of which as many as there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dotflow.base.escape import line_text
from dotflow.report.gantt import seconds_text
from dotflow.types import TypeStatus
from dotflow_cli.tables import cell, style_of

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

_SYMBOLS = {
    TypeStatus.NOT_STARTED: "·",
    TypeStatus.IN_PROGRESS: "▶",
    TypeStatus.COMPLETED: "✓",
    TypeStatus.RETRY: "↻",
    TypeStatus.FAILED: "✗",
    TypeStatus.SKIPPED: "-",
    TypeStatus.CANCELLED: "✗",
}
_GAP = 2
# The part of the room that names have beside notes.
_NAMES = 0.6
# What is to be seen first where there is no room for all.
_URGENT = (
    TypeStatus.IN_PROGRESS,
    TypeStatus.RETRY,
    TypeStatus.FAILED,
    TypeStatus.CANCELLED,
)


def display(
    tasks: Sequence[Any],
    room: int,
    elapsed: float,
    note: str,
    told: Mapping[str, str] | None = None,
    columns: int = 80,
) -> RenderableType:
    """Return the display, in which name, state and time have room before all else.

    Args:
        tasks: The tasks of the run, in any state.
        room: How many lines there may be.
        elapsed: For how many seconds the run has gone on.
        note: What to say below, or `""`.
        told: How far tasks have told to be, by their names.
        columns: How wide a line may be.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, _GAP))
    shown = chosen(tasks, max(1, room - 3))
    rows: list[tuple[Text, ...]] = []
    several = len({task.group_name for task in shown}) > 1
    group = None
    for task in shown:
        if several and task.group_name != group:
            group = task.group_name
            rows.append(
                (Text(), Text(line_text(group), "bold"), Text(), Text(), Text())
            )
        style = style_of(task.outcome or task.status)
        rows.append(
            (
                Text(_SYMBOLS.get(task.status, "?"), style),
                Text(indented(task), "bold" if task.parent is None else ""),
                Text(task.outcome or task.status, style),
                Text(detail(task, (told or {}).get(task.name, ""))),
                Text(took(task), "bright_black"),
            )
        )
    _fit(rows, columns)
    for _ in range(5):
        grid.add_column(no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    lines: list[RenderableType] = [grid]
    if len(shown) < len(tasks):
        lines.append(Text(f"… {len(tasks) - len(shown)} more", "bright_black"))
    lines.append(Text(_footer(tasks, elapsed), "bright_black"))
    if note:
        lines.append(Text(note, "yellow"))
    return Group(*lines)


def _fit(rows: Sequence[tuple[Text, ...]], columns: int) -> None:
    """Shorten names and notes so that the lines are no wider than that."""
    symbol, name, state, note, time = (
        max((text.cell_len for text in column), default=0)
        for column in zip(*rows, strict=True)
    )
    room = max(0, columns - symbol - state - time - 4 * _GAP)
    # A note gets what names leave it, and those no less than their part.
    for_names = min(name, max(int(room * _NAMES), room - note))
    for _, name_text, _, note_text, _ in rows:
        name_text.truncate(max(1, for_names), overflow="ellipsis")
        note_text.truncate(max(0, room - for_names), overflow="ellipsis")


def chosen(tasks: Sequence[Any], room: int) -> list[Any]:
    """Return the tasks to show, by groups and in their order."""
    groups = list(dict.fromkeys(task.group_name for task in tasks))
    room -= len(groups) if len(groups) > 1 else 0
    picked = list(tasks)
    if len(picked) > max(room, 1):
        order = {id(task): place for place, task in enumerate(tasks)}
        picked.sort(key=_urgency)
        picked = sorted(picked[: max(room, 1)], key=lambda task: order[id(task)])
    # What is a part comes right below what it is a part of, which was added after it.
    paths = {task.name: place for place, task in enumerate(tasks)}
    return sorted(
        picked,
        key=lambda task: (groups.index(task.group_name), *_lineage(task, paths)),
    )


def _lineage(task: Any, places: Mapping[str, int]) -> tuple[int, ...]:
    """Return the places of what a task is a part of, and its own."""
    names, scope = [task.name], task.parent
    while scope:
        names.append(scope)
        scope = scope.rpartition("/")[0]
    return tuple(places.get(name, 0) for name in reversed(names))


def indented(task: Any) -> str:
    """Return a task's name, below that of the sub-workflow that it is a part of."""
    if task.parent is None:
        return line_text(task.name)
    depth: int = task.parent.count("/") + 1
    return "  " * depth + line_text(task.name.removeprefix(f"{task.parent}/"))


def detail(task: Any, progress: str = "") -> str:
    """Return what else there is to know: attempts, items, an error.

    Args:
        task: The task.
        progress: How far it has told to be, or `""`.
    """
    notes = [line_text(progress)] if progress else []
    if task.mapped is not None:
        total = "?" if task.mapped.total is None else task.mapped.total
        notes.append(f"{task.mapped.completed}/{total} items")
    if task.attempt > 1:
        notes.append(f"attempt {task.attempt}")
    if task.restored or task.cached:
        notes.append("restored" if task.restored else "cached")
    errors = task.errors
    if errors and task.status != TypeStatus.COMPLETED:
        notes.append(line_text(cell(f"{errors[-1].exception}: {errors[-1].message}")))
    elif task.status == TypeStatus.SKIPPED:
        notes.append(line_text(cell(task.reason)))
    return ", ".join(notes)


def took(task: Any) -> str:
    """Return how long a task took, or has taken so far."""
    if task.status in (TypeStatus.IN_PROGRESS, TypeStatus.RETRY):
        started = task.started_at
        if started is not None:
            return seconds_text(max(0.0, (datetime.now() - started).total_seconds()))
    return "" if task.duration is None else seconds_text(task.duration)


def _urgency(task: Any) -> tuple[int, float]:
    if task.status in _URGENT:
        return (0, 0.0)
    if task.status == TypeStatus.NOT_STARTED:
        return (2, 0.0)
    return (1, -(task.finished or 0.0))


def _footer(tasks: Sequence[Any], elapsed: float) -> str:
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task.status] = counts.get(task.status, 0) + 1
    parts = [f"{counts.get(TypeStatus.COMPLETED, 0)} of {len(tasks)} done"]
    for status in (TypeStatus.IN_PROGRESS, TypeStatus.FAILED):
        if counts.get(status):
            word = "running" if status == TypeStatus.IN_PROGRESS else "failed"
            parts.append(f"{counts[status]} {word}")
    return f"{', '.join(parts)}  {seconds_text(elapsed)}"
