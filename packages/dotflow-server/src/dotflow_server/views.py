"""Reports and events as the API tells them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from dotflow.report.frames import frames_of
from dotflow.types import TypeOutcome, TypeStatus, WorkflowStatus
from dotflow_server import models

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from dotflow.abc.history import History, RunFailure, RunSummary
    from dotflow.history.schedules import ScheduleReport
    from dotflow.model.artifact import Artifact
    from dotflow.report.data import AttemptReport, ErrorReport, RunData, TaskReport

BAD = frozenset({TypeOutcome.FAILED, TypeOutcome.CRASHED, TypeOutcome.TIMEOUT})
FAILED = (WorkflowStatus.FAILED, WorkflowStatus.CRASHED)
MOST_ITEMS = 500


def run_row(run: RunSummary, failure: RunFailure | None = None) -> models.RunRow:
    """Return a run of a listing."""
    identity = run.identity
    return models.RunRow(
        run_id=run.run_id,
        workflow=run.workflow,
        workflow_id=run.workflow_id,
        mode=run.mode,
        status=run.status,
        started=run.started,
        finished=run.finished,
        duration=run.duration,
        tasks=run.tasks,
        host=run.host,
        user=identity.user,
        started_by=identity.started_by,
        command=identity.command,
        tags=list(identity.tags),
        params=identity.params,
        commit=identity.commit,
        parent=identity.parent,
        retry_of=identity.retry_of,
        resumed_from=run.resumed_from,
        error=None
        if failure is None
        else models.Reason(
            task=failure.task, exception=failure.error, message=failure.message
        ),
    )


def run_rows(history: History, runs: Iterable[RunSummary]) -> list[models.RunRow]:
    """Return runs of a listing, each that failed with the reason."""
    found = list(runs)
    failures = history.first_failures(
        [run.run_id for run in found if run.status in FAILED]
    )
    return [run_row(run, failures.get(run.run_id)) for run in found]


def task_nodes(report: RunData) -> list[models.TaskNode]:
    """Return the tasks of a run as the nodes of its graph."""
    by_name = {task.name: task for task in report.tasks}
    parents = {task.parent for task in report.tasks if task.parent}
    return [task_node(task, report, by_name, parents) for task in report.tasks]


def task_node(
    task: TaskReport,
    report: RunData,
    by_name: Mapping[str, TaskReport],
    parents: set[str],
) -> models.TaskNode:
    """Return a task as a node of the graph of its run."""
    kind = "map" if task.mapped is not None else "task"
    error = task.error
    return models.TaskNode(
        name=task.name,
        state=task.state,
        kind="workflow" if task.name in parents else kind,
        group=task.group,
        parent=task.parent,
        upstream=list(task.upstream),
        attempts=len(task.attempts),
        started=task.started,
        finished=task.finished,
        duration=task.duration,
        waited=_waited(task, report, by_name),
        reason=task.reason,
        restored=task.restored,
        cached=task.cached,
        error=_error_line(error) if task.outcome in BAD else None,
        items=_items(task),
        progress=_progress(task),
    )


def _waited(
    task: TaskReport, report: RunData, by_name: Mapping[str, TaskReport]
) -> float | None:
    """Return for how long a task was ready before its first attempt began."""
    if task.started is None:
        return None
    ends = [by_name[up].finished for up in task.upstream if up in by_name]
    ready = max((end for end in ends if end is not None), default=report.started)
    return None if ready is None else max(0.0, (task.started - ready).total_seconds())


def _items(task: TaskReport) -> models.Items | None:
    counts = task.mapped
    if counts is None:
        return None
    done = (counts.get("completed") or 0) + (counts.get("restored") or 0)
    failed, total = counts.get("failed") or 0, counts.get("total")
    # How many run at once is told nowhere: at least one, while the task goes on.
    left = None if total is None else total - done - failed
    goes_on = task.outcome is None and task.started is not None and left != 0
    return models.Items(total=total, done=done, failed=failed, running=int(goes_on))


def _progress(task: TaskReport) -> models.Progress | None:
    for name, (done, total) in task.progress.items():
        return models.Progress(done=done, total=total, text=name)
    return None


def _error_line(error: ErrorReport | None) -> models.ErrorLine | None:
    return None if error is None else models.ErrorLine.of(error)


def attempts(report: RunData, tasks: Iterable[TaskReport]) -> list[models.Attempt]:
    """Return the attempts of tasks, and those of items that failed."""
    by_name = {task.name: task for task in report.tasks}
    found = []
    for task in tasks:
        before: datetime | None = None
        for one in task.attempts:
            waited = _waited(task, report, by_name) if before is None else 0.0
            delay = None
            if before is not None and one.started is not None:
                delay = max(0.0, (one.started - before).total_seconds())
            found.append(_attempt(task, one, waited, delay))
            before = one.finished or before
        found += [_attempt(task, one) for one in task.failed_items[:MOST_ITEMS]]
    return found


def _attempt(
    task: TaskReport,
    one: AttemptReport,
    waited: float | None = None,
    delay: float | None = None,
) -> models.Attempt:
    return models.Attempt(
        task=task.name,
        index=one.index,
        attempt=one.number,
        started=one.started,
        finished=one.finished,
        state=one.outcome or task.status,
        waited=waited,
        delay=delay,
        error=_error_line(one.error),
    )


def root_failure(report: RunData) -> str | None:
    """Return the task that failed first of those that no failed one led to."""
    bad = {task.name: task for task in report.tasks if task.outcome in BAD}
    roots = [
        task
        for name, task in bad.items()
        if not bad.keys() & set(task.upstream)
        # Of a sub-workflow the task inside it.
        and not any(other.parent == name for other in bad.values())
    ]
    if not roots:
        return None

    def end(task: TaskReport) -> float:
        return task.finished.timestamp() if task.finished else float("inf")

    return min(roots, key=end).name


def waits(report: RunData) -> bool:
    """Say whether nothing of a run goes on now: it is between two attempts, or held up."""
    statuses = {task.status for task in report.tasks}
    return bool(report.tasks) and TypeStatus.IN_PROGRESS not in statuses


def full_error(error: ErrorReport, folder: str) -> models.Error:
    """Return an error with its traceback, line by line.

    Args:
        error: The error.
        folder: The working directory of the run: what is in it is the user's own.
    """
    return models.Error(
        exception=error.exception,
        message=error.message,
        traceback=error.traceback,
        output=error.output,
        frames=list(_frames(error.traceback, folder)),
    )


def _frames(traceback: str, folder: str) -> Iterator[models.Frame]:
    for file, line, function, code in frames_of(traceback):
        library = "site-packages" in file or file.startswith("<frozen")
        inside = not folder or file.startswith(folder) or not file.startswith("/")
        yield models.Frame(
            file=file,
            line=line,
            function=function,
            code=code,
            yours=not library and inside,
        )


def artifact_row(found: Artifact) -> models.ArtifactRow:
    """Return what a step has left."""
    row = models.ArtifactRow.of(found)
    if found.kind == "image":
        data = base64.b64encode(found.value).decode("ascii")
        row.value = f"data:image/{found.image_format};base64,{data}"
    return row


def schedule_row(report: ScheduleReport) -> models.ScheduleRow:
    """Return a schedule."""
    last = report.last
    return models.ScheduleRow(
        name=report.name,
        workflow=report.what,
        cron=report.cron,
        zone=report.timezone,
        status=report.status,
        paused=report.paused is not None,
        next=report.next_times[:5],
        missed=report.missed,
        last=None if last is None else models.LastRun.of(last),
        host=report.host,
        pid=report.pid,
        can_run=report.triggers,
    )


def success_rate(counts: Mapping[str, int]) -> float | None:
    """Return which part of the runs that ended of themselves completed."""
    good = counts.get(WorkflowStatus.COMPLETED, 0)
    ended = good + sum(counts.get(status, 0) for status in FAILED)
    return good / ended if ended else None


def differences(left: Mapping[str, Any], right: Mapping[str, Any]) -> list[models.Pair]:
    """Return what two dictionaries differ in."""
    names = sorted({*left, *right})
    return [
        models.Pair(name=name, left=left.get(name), right=right.get(name))
        for name in names
        if left.get(name) != right.get(name)
    ]
