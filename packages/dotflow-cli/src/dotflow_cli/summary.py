"""What is said of a run when it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from dotflow import errors as exception
from dotflow.base.escape import line_text
from dotflow.report.gantt import seconds_text
from dotflow.types import TypeOutcome, TypeStatus
from dotflow_cli.tables import (
    cell,
    print_state,
    print_table,
    progress_text,
    safe_text,
)

if TYPE_CHECKING:
    from dotflow.report.model import RunReport, TaskReport

_MOST_ROWS = 50
_MOST_TRACEBACKS = 5


def print_summary(report: RunReport) -> None:
    """Print to standard error how a run ended: why tasks failed, and a table of all.

    Args:
        report: The run.
    """
    failed = tasks_with_errors(report)
    for task in failed[:_MOST_TRACEBACKS]:
        print_error(task)
    if len(failed) > _MOST_TRACEBACKS:
        click.echo(f"… and {len(failed) - _MOST_TRACEBACKS} more.", err=True)
    print_tasks(report.tasks, err=True)
    took = f" in {seconds_text(report.duration)}" if report.duration is not None else ""
    print_state(report.status, took)


def tasks_with_errors(report: RunReport) -> list[TaskReport]:
    """Return the tasks whose error says something: where one was stopped is no fault."""
    return [
        task
        for task in report.failed_tasks
        if task.error is not None and task.outcome != TypeOutcome.CANCELLED
    ]


def print_error(task: TaskReport, err: bool = True) -> None:
    """Print why a task failed: the user's part of the traceback.

    Args:
        task: The task.
        err: Whether to standard error, as when it has just run.
    """
    error = task.error
    assert error is not None
    tries = f", after {len(task.attempts)} attempts" if len(task.attempts) > 1 else ""
    print_state(task.state, line_text(f" {task.name}{tries}"), err)
    text = error.traceback
    # What dotflow itself raises tells all in its message; the frames are ours.
    if not text or hasattr(exception, error.exception):
        text = f"{error.exception}: {error.message}"
    click.echo(safe_text(text.rstrip("\n")), err=err)
    if error.output and not err:  # after a run it stands above
        from dotflow_cli.output_lines import shown

        click.echo("The last lines that it has printed:")
        for line in error.output.split("\n"):
            click.echo(f"| {shown(line)}")
    click.echo(err=err)


def print_tasks(tasks: Sequence[TaskReport], err: bool = False) -> None:
    """Print a table of tasks; of very many those that did not complete come first.

    Args:
        tasks: The tasks.
        err: Whether to standard error.
    """
    shown = list(tasks)
    if len(shown) > _MOST_ROWS:
        shown.sort(key=lambda task: task.status == TypeStatus.COMPLETED)
        shown = shown[:_MOST_ROWS]
    rows = [
        [
            task.name,
            task.state,
            str(len(task.attempts) or ""),
            "" if task.duration is None else seconds_text(task.duration),
            _note(task),
        ]
        for task in shown
    ]
    print_table(
        ["Task", "Status", "Attempts", "Time", "Note"], rows, states="Status", err=err
    )
    if len(shown) < len(tasks):
        click.echo(f"… and {len(tasks) - len(shown)} more tasks.", err=err)


def _note(task: TaskReport) -> str:
    if task.restored or task.cached:
        return "restored" if task.restored else "cached"
    if task.outcome == TypeOutcome.SKIPPED:
        return cell(task.reason)
    notes = [] if task.mapped is None else [_items(task.mapped)]
    if task.status != TypeStatus.COMPLETED:
        notes += [progress_text(name, *told) for name, told in task.progress.items()]
    if task.error is not None:
        notes.append(cell(f"{task.error.exception}: {task.error.message}"))
    return "; ".join(notes)


def _items(counts: Mapping[str, int | None]) -> str:
    """Say how many items of a mapped task there are, and what became of them."""
    total = counts["total"]
    told = [f"{counts['completed']}/{'?' if total is None else total} items"]
    told += [f"{counts[of]} {of}" for of in ("failed", "retried") if counts[of]]
    return ", ".join(told)
