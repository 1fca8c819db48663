"""Tables and texts for people: coloured on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from typing import IO, TYPE_CHECKING

import click

from dotflow.base.escape import line_text
from dotflow.base.escape import lines_text as safe_text
from dotflow.base.terminals import is_terminal
from dotflow.report.text import cell, progress_text
from dotflow.types import ScheduleStatus, TypeOutcome, TypeStatus, WorkflowStatus

__all__ = [
    "cell",
    "is_terminal",
    "print_state",
    "print_table",
    "progress_text",
    "safe_text",
    "style_of",
    "when",
]

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

_STYLES = {
    TypeStatus.IN_PROGRESS: "blue",
    TypeStatus.RETRY: "yellow",
    TypeOutcome.COMPLETED: "green",
    TypeOutcome.FAILED: "red",
    TypeOutcome.CRASHED: "magenta",
    TypeOutcome.TIMEOUT: "red",
    TypeOutcome.CANCELLED: "yellow",
    TypeOutcome.SKIPPED: "bright_black",
    WorkflowStatus.NEW: "bright_black",
    ScheduleStatus.ACTIVE: "green",
    ScheduleStatus.MISSED: "red",
    ScheduleStatus.PAUSED: "yellow",
}
_WIDEST = 60


def style_of(state: str) -> str:
    """Return the colour of a state."""
    return _STYLES.get(state, "default")


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    states: str = "",
    err: bool = False,
) -> None:
    """Print a table.

    Args:
        columns: Its headings.
        rows: Its cells, any text.
        states: The column whose cells are states, and coloured.
        err: Whether it goes to standard error.
    """
    clean = [[line_text(cell) for cell in row] for row in rows]
    stream = sys.stderr if err else sys.stdout
    if is_terminal(stream):
        _print_rich(columns, clean, states, stream)
        return
    # Whole, however long: who reads it from a pipe may look for any of it.
    widths = [
        max([len(heading), *(min(len(row[place]), _WIDEST) for row in clean)])
        for place, heading in enumerate(columns)
    ]
    for row in [list(columns), *clean]:
        cells = zip(row, widths, strict=True)
        line = "  ".join(f"{cell:<{width}}" for cell, width in cells)
        click.echo(line.rstrip(), err=err)


def _print_rich(
    columns: Sequence[str], rows: Sequence[Sequence[str]], states: str, stream: IO[str]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in columns:
        # A run's id is copied, and must not be broken.
        table.add_column(heading, overflow="fold", no_wrap=heading == "Run")
    for row in rows:
        # As Text, since a cell may have brackets that rich would take for markup.
        table.add_row(
            *(
                Text(cell, style_of(cell) if heading == states else "")
                for heading, cell in zip(columns, row, strict=True)
            )
        )
    Console(file=stream).print(table)


def when(moment: datetime | None) -> str:
    """Return a moment in local time."""
    if moment is None:
        return ""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def print_state(state: str, text: str, err: bool = True) -> None:
    """Print a line that begins with a state, in its colour."""
    colour = style_of(state)
    click.echo(
        f"{click.style(state, fg=None if colour == 'default' else colour, bold=True)}"
        f"{text}",
        err=err,
    )
