"""`EventRecorder`: turns the events of a run into rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from dotflow.abc.history import Recorder
from dotflow.history.rows import (
    EventRow,
    failure_text,
    item_failure_text,
    reason_text,
    restored_text,
    result_text,
    stored_text,
)
from dotflow.model import events
from dotflow.model.items import MAX_ERRORS

if TYPE_CHECKING:
    from collections import deque

    from dotflow.history.journal import Journal, RunRows
    from dotflow.model.run_info import RunInfo
    from dotflow.model.task import Task

_now = time.time


class RunTable(Protocol):
    """Where the recorder writes what is no event."""

    def begin(self, info: RunInfo) -> int:
        """Write that a run begins, and return its number."""

    def finish(self, run: int, status: str, finished: float, duration: float) -> None:
        """Write how a run ended."""


class EventRecorder(Recorder):
    """Writes one run down, through a journal.

    Args:
        info: The run.
        table: Where the run itself is written.
        journal: Where its events are written.
        name: What a report of a failure calls it.
    """

    def __init__(
        self, info: RunInfo, table: RunTable, journal: Journal, name: str
    ) -> None:
        self._info = info
        self._table = table
        self._journal = journal
        self._name = name
        self._run = 0
        self._seq = 0
        self._waiting: RunRows | None = None
        self._rows: deque[EventRow]
        self._began: EventRow | None = None
        # By mapped task: how many events of its items were written down.
        self._told: dict[str, int] = {}

    def connect(self, bus: events.EventBus) -> None:
        """Listen to the events of the run."""
        name = self._name

        def report(error: Exception) -> None:
            bus.report(name, error)

        self._report = report
        bus.subscribe(events.RunStarted, self._on_run, name)
        bus.subscribe(events.TaskStarted, self._on_started, name)
        bus.subscribe(events.TaskCompleted, self._on_completed, name)
        bus.subscribe(events.TaskRetried, self._on_retried, name)
        bus.subscribe(events.TaskFailed, self._on_failed, name)
        bus.subscribe(events.TaskCancelled, self._on_failed, name)
        bus.subscribe(events.TaskSkipped, self._on_skipped, name)
        bus.subscribe(events.TaskRestored, self._on_restored, name)
        bus.subscribe(events.ItemCompleted, self._on_item, name)
        bus.subscribe(events.ItemRetried, self._on_item_failed, name)
        bus.subscribe(events.ItemFailed, self._on_item_failed, name)
        bus.subscribe(events.RunFinished, self._on_end, name)

    def _on_run(self, event: events.RunStarted) -> None:
        self._run = self._table.begin(self._info)
        self._waiting = self._journal.begin(self._run, self._report)
        self._rows = self._waiting.rows
        self._add(self._info.started, "RunStarted")

    def _on_started(self, event: events.TaskStarted) -> None:
        task = event.task
        name, attempt = task.name, task.attempt
        self._began = self._add(task.attempt_started, "TaskStarted", name, attempt)
        if task.mapped is not None:
            self._count(task)

    def _on_completed(self, event: events.TaskCompleted) -> None:
        task = event.task
        name, attempt = task.name, task.attempt
        detail = result_text(task.current_context._storage)
        if task.mapped is not None:
            self._count(task)
        row, began = self._began, None
        if row is not None and row[5] == attempt and row[4] == name:
            began = row[2] if self._take_back(row) else None
        self._add(task.finished, "TaskCompleted", name, attempt, detail, began)

    def _take_back(self, row: EventRow) -> bool:
        """Remove the last row, if it is this one and was not written yet.

        In a chain of fast tasks one row then tells the beginning and the end.
        """
        try:
            last = self._rows.pop()
        except IndexError:
            return False
        if last is row:
            return True
        self._rows.append(last)
        return False

    def _on_retried(self, event: events.TaskRetried) -> None:
        self._add(*_end(event), failure_text(event))

    def _on_failed(self, event: events.TaskFailed) -> None:
        task, by_items = event.task, False
        finished, what, name, attempt = _end(event)
        if task.mapped is not None:
            self._count(task)
            by_items = all(error.index is not None for error in task.errors)
            finished = task.finished
        self._add(finished, what, name, attempt, failure_text(event, by_items))

    def _on_item(self, event: events.ItemEvent) -> None:
        self._count(event.task)
        if _now() >= self._journal.due:
            self._journal.flush()
        else:
            self._journal.nudge()

    def _on_item_failed(self, event: events.ItemFailed) -> None:
        task = event.task
        told = self._told.get(task.name, 0)
        if told >= MAX_ERRORS:
            self._on_item(event)
            return
        self._told[task.name] = told + 1
        self._count(task)
        error = task.errors[-1]  # that of this item: so far as many are kept there
        what = type(event).__name__
        detail = item_failure_text(event, error)
        # Without the attempt: it is not one of the task.
        self._add(error.finished, what, task.name, None, detail)

    def _count(self, task: Task) -> None:
        """Have it written how far a mapped task is."""
        if self._waiting is not None and task.mapped is not None:
            self._waiting.maps[task.name] = task.mapped

    def _on_skipped(self, event: events.TaskSkipped) -> None:
        self._add(_now(), "TaskSkipped", event.task.name, None, reason_text(event))

    def _on_restored(self, event: events.TaskRestored) -> None:
        self._count(event.task)
        self._add(_now(), "TaskRestored", event.task.name, None, restored_text(event))

    def _on_end(self, event: events.RunFinished) -> None:
        waiting, finished = self._waiting, (self._info.started or 0.0) + event.duration
        if waiting is None:
            return
        self._add(finished, "RunFinished")
        self._waiting = None
        try:
            self._journal.end(waiting)
        finally:
            self._table.finish(self._run, event.status, finished, event.duration)

    def _add(
        self,
        moment: float | None,
        event: str,
        task: str | None = None,
        attempt: int | None = None,
        detail: str | None = None,
        began: float | None = None,
    ) -> EventRow | None:
        if self._waiting is None:
            return None  # the beginning could not be written, and that was reported
        self._seq = seq = self._seq + 1
        if task is not None and not task.isascii():
            task = stored_text(task)
        if moment is None:
            moment = _now()
        row = (self._run, seq, moment, event, task, attempt, detail, began)
        self._rows.append(row)
        if moment >= self._journal.due:
            self._journal.flush()
        else:
            self._journal.nudge()
        return row


def _end(event: Any) -> tuple[float | None, str, str, int]:
    task = event.task
    error = task.errors[-1] if task.errors else None
    finished = None if error is None else error.finished
    return finished, type(event).__name__, task.name, task.attempt
