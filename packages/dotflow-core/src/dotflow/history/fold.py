"""Makes a report of the rows that a run has left."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from dotflow.history.rows import CountsRow, EventRow, expand
from dotflow.model.items import COUNTS
from dotflow.report.build import moment
from dotflow.report.model import AttemptReport, ErrorReport, ResultReport, TaskReport
from dotflow.types import TypeOutcome, TypeStatus

_STATUS = {
    "TaskStarted": TypeStatus.IN_PROGRESS,
    "TaskCompleted": TypeStatus.COMPLETED,
    "TaskRestored": TypeStatus.COMPLETED,
    "TaskRetried": TypeStatus.RETRY,
    "TaskFailed": TypeStatus.FAILED,
    "TaskCancelled": TypeStatus.CANCELLED,
    "TaskSkipped": TypeStatus.SKIPPED,
}


def task_reports(
    graph: str,
    rows: Iterable[EventRow],
    counts: Iterable[CountsRow] = (),
    crashed: str = "",
) -> list[TaskReport]:
    """Return the tasks of a run in the state that its events tell.

    Args:
        graph: What `graph_text` gave.
        rows: The events in their order.
        counts: How far mapped tasks are.
        crashed: Why tasks that run will never end; `""` where they may.
    """
    tasks = _tasks_of(graph)
    for _, _, when, event, name, attempt, detail, _ in expand(rows):
        if name is not None:
            task = tasks.get(name)
            if task is None:  # it came into being during the run
                task = tasks[name] = TaskReport(name)
            told = json.loads(detail) if detail else {}
            _apply(task, event, when, attempt or 0, told)
    for _, name, *numbers in counts:
        if name in tasks:
            tasks[name].mapped = dict(zip(COUNTS, numbers, strict=True))
    if crashed:
        for task in tasks.values():
            if task.status in (TypeStatus.IN_PROGRESS, TypeStatus.RETRY):
                _crash(task, crashed)
    return list(tasks.values())


def _tasks_of(graph: str) -> dict[str, TaskReport]:
    nodes = json.loads(graph)
    names = [name for name, *_ in nodes]
    return {
        name: TaskReport(
            name,
            task_id,
            group,
            upstream=tuple(names[up] for up in upstream),
            parent=parent,
        )
        for name, task_id, group, upstream, parent in nodes
    }


def _apply(
    task: TaskReport, event: str, when: float, number: int, detail: dict[str, Any]
) -> None:
    if "index" in detail:
        task.failed_items.append(_failed_item(when, detail))
        return
    task.status = _STATUS.get(event, task.status)
    if event == "TaskStarted":
        task.attempts.append(AttemptReport(number, moment(when)))
    elif event == "TaskSkipped":
        task.outcome, task.reason = TypeOutcome.SKIPPED, detail.get("reason", "")
    elif event == "TaskRestored":
        task.cached = bool(detail.get("cached"))
        task.restored = not task.cached
        _complete(task, detail)
    elif event == "TaskCompleted":
        _complete(task, detail)
        attempt = _attempt(task, number)
        attempt.finished, attempt.outcome = moment(when), TypeOutcome.COMPLETED
    elif "exception" in detail:
        attempt = _attempt(task, number)
        if attempt.outcome is None:
            attempt.finished, attempt.outcome = moment(when), detail["outcome"]
            if "by_items" not in detail:
                attempt.error = _error(detail)
        if event != "TaskRetried":
            task.outcome, task.reason = detail["outcome"], detail["message"]


def _failed_item(when: float, detail: dict[str, Any]) -> AttemptReport:
    return AttemptReport(
        detail["attempt"],
        moment(detail["began"]),
        moment(when),
        detail["outcome"],
        _error(detail),
        detail["index"],
    )


def _error(detail: dict[str, Any]) -> ErrorReport:
    return ErrorReport(detail["exception"], detail["message"], detail["traceback"])


def _complete(task: TaskReport, detail: dict[str, Any]) -> None:
    task.outcome = TypeOutcome.COMPLETED
    if "type" in detail:
        task.result = ResultReport(detail["type"], detail.get("size"))


def _attempt(task: TaskReport, number: int) -> AttemptReport:
    if not task.attempts or task.attempts[-1].number != number:
        task.attempts.append(AttemptReport(number))
    return task.attempts[-1]


def _crash(task: TaskReport, why: str) -> None:
    task.status, task.outcome, task.reason = TypeStatus.FAILED, TypeOutcome.CRASHED, why
    if task.attempts and task.attempts[-1].outcome is None:
        task.attempts[-1].outcome = TypeOutcome.CRASHED
