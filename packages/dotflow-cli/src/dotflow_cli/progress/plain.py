"""Progress as lines: one for each change of a task, where nothing can be redrawn."""

from __future__ import annotations

import sys
from typing import Any

from dotflow.abc.notify import Notify
from dotflow.report.escape import line_text
from dotflow.report.gantt import seconds_text
from dotflow.types import TypeStatus
from dotflow_cli.tables import cell


class PlainProgress(Notify):
    """Writes a line to standard error for each task that begins, ends or is retried."""

    def hook_status_task(self, task: Any) -> None:
        """Write the new status of a task.

        Args:
            task: The `Task`.
        """
        text = _describe(task)
        if text:
            # One write a line, so that lines of threads do not mix.
            sys.stderr.write(f"{line_text(task.name)}: {line_text(text)}\n")
            sys.stderr.flush()


def _describe(task: Any) -> str:
    status = task.status
    if status == TypeStatus.NOT_STARTED:
        return ""
    if status == TypeStatus.IN_PROGRESS:
        return "started"
    if task.restored or task.cached:
        return "restored" if task.restored else "cached"
    if status == TypeStatus.COMPLETED:
        return f"completed{_took(task)}{_counts(task)}"
    if status == TypeStatus.SKIPPED:
        return f"skipped: {task.reason}"
    error = task.errors[-1] if task.errors else None
    why = f": {error.exception}: {cell(error.message)}" if error else ""
    if status == TypeStatus.RETRY:
        return f"attempt {task.attempt} failed, another follows{why}"
    return f"{(task.outcome or status).lower()}{_took(task)}{why}"


def _took(task: Any) -> str:
    return "" if task.duration is None else f" in {seconds_text(task.duration)}"


def _counts(task: Any) -> str:
    notes = []
    if task.attempt > 1:
        notes.append(f"{task.attempt} attempts")
    if task.mapped is not None:
        notes.append(f"{task.mapped.completed} items")
    return f" ({', '.join(notes)})" if notes else ""
