"""Progress: a notifier that prints a line whenever a task starts or ends."""

from __future__ import annotations

import time

from dataset import Dataset
from dotflow import Task
from dotflow.abc.notify import Notify
from dotflow.types import TypeStatus


class Progress(Notify):
    """Prints status changes with the seconds since the start and the rows so far."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def hook_status_task(self, task: Task) -> None:
        """Print a line; called in the process that started the run."""
        if task.status == TypeStatus.NOT_STARTED:
            return
        # A task that an earlier run completed is restored: it is completed without
        # having started in this one.
        restored = task.status == TypeStatus.COMPLETED and task.started_at is None
        status = "Restored" if restored else task.status
        seconds = time.monotonic() - self._began
        print(
            f"{seconds:5.1f} s  {task.name:<19} {status:<11} {details(task)}".rstrip(),
            flush=True,
        )


def details(task: Task) -> str:
    """Say what a task has made, or why it did not."""
    if task.status == TypeStatus.COMPLETED:
        result = task.current_context.storage
        took = "" if task.duration is None else f" in {task.duration:.1f} s"
        if not isinstance(result, Dataset):
            return took.strip()
        aside = f", {result.rejected:,} put aside" if result.rejected else ""
        return f"{result.rows:,} rows{aside}{took}"
    if task.errors:
        return f"{task.errors[-1].exception}: {task.errors[-1].message}"
    return task.reason
