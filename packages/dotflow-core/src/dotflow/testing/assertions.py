"""Assertions on runs, with messages that tell what happened instead."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from dotflow.report.build import task_report
from dotflow.report.model import RunReport, TaskReport
from dotflow.types import TypeOutcome, TypeStatus, WorkflowStatus


def report_of(run: Any) -> RunReport:
    """Return the report of a run.

    Args:
        run: A `RunReport`, what `start()` returned, or a `DotFlow` that has run.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(run, RunReport):
        return run
    if hasattr(run, "report"):
        found = run.report()
        if isinstance(found, RunReport):
            return found
    if hasattr(run, "result_task"):
        tasks = [task_report(task) for task in run.result_task()]
        return RunReport(
            workflow_id=str(run.workflow_id), status=_status(tasks), tasks=tasks
        )
    raise TypeError(
        "Give a RunReport, what start() returned, or a DotFlow that has run, not a"
        f" {type(run).__name__}."
    )


def assert_completed(run: Any, *names: str) -> RunReport:
    """Assert that a run, or only some of its tasks, has completed.

    Args:
        run: What `report_of` takes.
        names: The tasks; default: all, and the run.

    Returns:
        The report.
    """
    report = report_of(run)
    tasks = [_task(report, name) for name in names] if names else report.tasks
    wrong = [task for task in tasks if task.status != TypeStatus.COMPLETED]
    if wrong or not (names or report.status == WorkflowStatus.COMPLETED):
        what = "Some tasks have" if names else f"The run is {report.status!r} and has"
        raise AssertionError(f"{what} not completed:{_lines(wrong or report.tasks)}")
    return report


def assert_failed(
    run: Any,
    name: str,
    *,
    error: str | type[BaseException] | None = None,
    match: str | None = None,
    outcome: str | None = None,
) -> TaskReport:
    """Assert that a task has failed, and how.

    Args:
        run: What `report_of` takes.
        name: The task.
        error: The class of its last error, or the name of that.
        match: A regular expression that the error's message contains.
        outcome: A `TypeOutcome`, as `"Timeout"`; default: any but a success.

    Returns:
        The report of the task.
    """
    task = _task(report_of(run), name)
    expected = error.__name__ if isinstance(error, type) else error
    found = task.error
    if task.outcome not in ((outcome,) if outcome else _FAILURES):
        problem = f"should have ended as {outcome or 'a failure'}"
    elif expected is not None and (found is None or found.exception != expected):
        problem = f"should have failed with {expected}"
    elif match is not None and (found is None or not re.search(match, found.message)):
        problem = f"should have failed with a message that matches {match!r}"
    else:
        return task
    raise AssertionError(f"Task {name!r} {problem}:{_lines([task])}")


def assert_ran(run: Any, *names: str, attempts: int | None = None) -> RunReport:
    """Assert that tasks ran, in this order; restored and cached ones did not.

    Args:
        run: What `report_of` takes.
        names: The tasks, in the order in which they began.
        attempts: How many attempts each took; default: any number.

    Returns:
        The report.
    """
    report = report_of(run)
    tasks = [_task(report, name) for name in names]
    idle = [task for task in tasks if not _ran(task)]
    if idle:
        raise AssertionError(f"Some tasks did not run:{_lines(idle)}")
    wrong = [t for t in tasks if attempts is not None and len(t.attempts) != attempts]
    if wrong:
        raise AssertionError(
            f"Some tasks did not take {attempts} attempts:{_lines(wrong)}"
        )
    for before, after in pairwise(tasks):
        if before.started and after.started and before.started > after.started:
            raise AssertionError(
                f"Task {after.name!r} began before {before.name!r}:"
                f"{_lines([after, before])}"
            )
    return report


def assert_not_ran(run: Any, *names: str) -> RunReport:
    """Assert that no attempt of tasks was made: skipped, restored, cached or not begun.

    Args:
        run: What `report_of` takes.
        names: The tasks.

    Returns:
        The report.
    """
    report = report_of(run)
    busy = [task for task in (_task(report, name) for name in names) if _ran(task)]
    if busy:
        raise AssertionError(f"Some tasks ran:{_lines(busy)}")
    return report


_FAILURES = (TypeOutcome.FAILED, TypeOutcome.CRASHED, TypeOutcome.TIMEOUT)


def _ran(task: TaskReport) -> bool:
    return any(attempt.number for attempt in task.attempts)


def _task(report: RunReport, name: str) -> TaskReport:
    try:
        return report[name]
    except KeyError:
        names = ", ".join(repr(task.name) for task in report.tasks) or "none"
        raise AssertionError(f"The run has no task {name!r}: it has {names}.") from None


def _status(tasks: list[TaskReport]) -> str:
    if any(task.status == TypeStatus.FAILED for task in tasks):
        return WorkflowStatus.FAILED
    if all(task.status == TypeStatus.COMPLETED for task in tasks):
        return WorkflowStatus.COMPLETED
    return WorkflowStatus.IN_PROGRESS


def _lines(tasks: list[TaskReport]) -> str:
    return "".join(f"\n  - {_line(task)}" for task in tasks)


def _line(task: TaskReport) -> str:
    text = f"{task.name}: {task.state}"
    if len(task.attempts) != 1:
        text += f" after {len(task.attempts)} attempts"
    if task.error is not None:
        return f"{text}, {task.error.exception}: {task.error.message}"
    return f"{text}, {task.reason}" if task.reason else text
