"""Makes a report of the rows that a run has left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from dotflow.history.rows import CountsRow, Detail, EventRow, expand, read_detail
from dotflow.model.items import COUNTS
from dotflow.report.build import moment
from dotflow.report.model import AttemptReport, ErrorReport, ResultReport, TaskReport
from dotflow.types import TypeOutcome, TypeStatus

# What a report of a run does not tell, and may be large.
UNTOLD = ("TaskOutput", "TaskArtifact")


def facts_of(rows: Iterable[EventRow]) -> dict[str, Any]:
    """Return the facts that a run's events tell; of a name the last one counts."""
    details = (json.loads(row[6] or "{}") for row in rows if row[3] == "FactSet")
    return {detail["name"]: detail["value"] for detail in details}


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
        change = _CHANGES.get(event)
        if name is None or change is None:
            continue  # it tells of the run
        task = tasks.get(name)
        if task is None:  # it came into being during the run
            task = tasks[name] = TaskReport(name)
        change(task, when, attempt or 0, read_detail(detail))
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


def _start(task: TaskReport, when: float, number: int, detail: Detail) -> None:
    task.status = TypeStatus.IN_PROGRESS
    attempt = AttemptReport(number, moment(when))
    task.attempts.append(attempt)
    _take_inputs(attempt, detail)


def _complete(task: TaskReport, when: float, number: int, detail: Detail) -> None:
    _take_result(task, detail)
    attempt = _attempt(task, number)
    attempt.finished, attempt.outcome = moment(when), TypeOutcome.COMPLETED
    _take_inputs(attempt, detail)


def _take_inputs(attempt: AttemptReport, detail: Detail) -> None:
    attempt.input = detail.get("input", attempt.input)
    attempt.initial = detail.get("initial", attempt.initial)


def _restore(task: TaskReport, _: float, __: int, detail: Detail) -> None:
    task.cached = bool(detail.get("cached"))
    task.restored = not task.cached
    _take_result(task, detail)


def _retry(task: TaskReport, when: float, number: int, detail: Detail) -> None:
    task.status = TypeStatus.RETRY
    _end_attempt(task, when, number, detail)


def _fail(task: TaskReport, when: float, number: int, detail: Detail) -> None:
    task.status = TypeStatus.FAILED
    task.outcome, task.reason = detail["outcome"], detail["message"]
    _end_attempt(task, when, number, detail)


def _cancel(task: TaskReport, when: float, number: int, detail: Detail) -> None:
    _fail(task, when, number, detail)
    task.status = TypeStatus.CANCELLED


def _skip(task: TaskReport, _: float, __: int, detail: Detail) -> None:
    task.status, task.outcome = TypeStatus.SKIPPED, TypeOutcome.SKIPPED
    task.reason = detail.get("reason", "")


def _fail_item(task: TaskReport, when: float, _: int, detail: Detail) -> None:
    task.failed_items.append(
        AttemptReport(
            detail["attempt"],
            moment(detail["began"]),
            moment(when),
            detail["outcome"],
            _error(detail),
            detail["index"],
        )
    )


def _progress(task: TaskReport, _: float, number: int, detail: Detail) -> None:
    if "index" not in detail:  # of a map it is told how many items have ended
        told = (detail["done"], detail["total"])
        _attempt(task, number).progress[detail["name"]] = told


# What each event makes of the task it happened to.
_CHANGES: dict[str, Callable[[TaskReport, float, int, Detail], None]] = {
    "TaskStarted": _start,
    "TaskCompleted": _complete,
    "TaskRestored": _restore,
    "TaskRetried": _retry,
    "TaskFailed": _fail,
    "TaskCancelled": _cancel,
    "TaskSkipped": _skip,
    "TaskProgress": _progress,
    "ItemRetried": _fail_item,
    "ItemFailed": _fail_item,
}


def _take_result(task: TaskReport, detail: Detail) -> None:
    task.status, task.outcome = TypeStatus.COMPLETED, TypeOutcome.COMPLETED
    if "type" in detail:
        task.result = ResultReport(
            detail["type"],
            detail.get("size"),
            detail.get("value"),
            preview=detail.get("preview"),
        )


def _end_attempt(task: TaskReport, when: float, number: int, detail: Detail) -> None:
    attempt = _attempt(task, number)
    if attempt.outcome is not None:
        return  # it was retried, and the run was ended before the next one began
    attempt.finished, attempt.outcome = moment(when), detail["outcome"]
    if "by_items" not in detail:
        attempt.error = _error(detail)


def _attempt(task: TaskReport, number: int) -> AttemptReport:
    if not task.attempts or task.attempts[-1].number != number:
        task.attempts.append(AttemptReport(number))
    return task.attempts[-1]


def _error(detail: Detail) -> ErrorReport:
    return ErrorReport(
        detail["exception"],
        detail["message"],
        detail["traceback"],
        detail.get("last_lines", ""),
        detail.get("exit_code", 0),
    )


def _crash(task: TaskReport, why: str) -> None:
    task.status, task.outcome, task.reason = TypeStatus.FAILED, TypeOutcome.CRASHED, why
    if task.attempts and task.attempts[-1].outcome is None:
        task.attempts[-1].outcome = TypeOutcome.CRASHED
