"""Progress as lines: one for each change of a task, where nothing can be redrawn."""

from __future__ import annotations

import sys
import time
from typing import Any

from dotflow.abc.notify import Notify
from dotflow.base.escape import line_text
from dotflow.report.gantt import seconds_text
from dotflow.report.text import cell, progress_text
from dotflow.types import TypeStatus

# A line for each tenth, but not more than one in the shorter time; where a tenth takes
# longer than the longer time, a line all the same.
TENTHS = 10
SHORT_SECONDS, LONG_SECONDS = 1.0, 10.0


class PlainProgress(Notify):
    """Writes a line to standard error for each task that begins, ends or is retried."""

    every_status = True

    def __init__(self) -> None:
        # By task and what a progress is of: what was written last, and when.
        self._written: dict[tuple[str, str], tuple[float, float]] = {}

    def hook_alert(self, alert: Any) -> None:
        """Do nothing: whoever watches the terminal sees it all."""

    def hook_status_task(self, task: Any) -> None:
        """Write the new status of a task.

        Args:
            task: The `Task`.
        """
        text = _describe(task)
        if text:
            _write(task.name, text)

    def hook_task_progress(
        self, task: Any, name: str, done: float, total: float | None
    ) -> None:
        """Write how far a task is, where that is a tenth or some seconds further."""
        now = time.monotonic()
        before, when = self._written.get((task.name, name), (0.0, now - LONG_SECONDS))
        step = abs(done - before) >= total / TENTHS if total else done != before
        waited = now - when
        if done == before or not (
            done == total
            or waited >= LONG_SECONDS
            or (step and waited >= SHORT_SECONDS)
        ):
            return
        self._written[task.name, name] = (done, now)
        _write(task.name, progress_text(name, done, total))


def _write(task: str, text: str) -> None:
    # One write a line, so that lines of threads do not mix.
    sys.stderr.write(f"{line_text(task)}: {line_text(text)}\n")
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
