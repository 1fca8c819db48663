"""Runs, one run, and one task of it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from dotflow.report.model import RunReport, TaskReport
from dotflow.types import WorkflowStatus
from dotflow_cli.output_lines import OUTPUT
from dotflow_server import models, views
from dotflow_server.access import Reader
from dotflow_server.actions import may
from dotflow_server.lines import output_lines
from dotflow_server.problems import Refusal
from dotflow_server.served import Parts, Served

router = APIRouter(tags=["runs"])

Limit = Annotated[int, Query(ge=1, le=500)]
Most = Annotated[int, Query(ge=1, le=5000)]
After = Annotated[int, Query(ge=0, le=2**62)]
_SLOWEST = 20


@router.get("/runs")
def list_runs(
    parts: Parts,
    _who: Reader,
    status: Annotated[list[str] | None, Query()] = None,
    workflow: str | None = None,
    text: str | None = None,
    error: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    tag: Annotated[list[str] | None, Query()] = None,
    where: Annotated[list[str] | None, Query()] = None,
    parent: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> models.RunList:
    """List runs, newest first; each filter narrows the others."""
    history = parts.store.history
    page = history.runs(
        status or None,
        since=since,
        until=until,
        limit=limit,
        workflow=workflow or None,
        text=text or None,
        error=error or None,
        parent=parent or None,
        tags=tag or (),
        where=where or None,
        cursor=cursor or None,
    )
    return models.RunList(runs=views.run_rows(history, page), cursor=page.cursor)


@router.get("/failures")
def list_failures(
    parts: Parts,
    _who: Reader,
    workflow: str | None = None,
    since: datetime | None = None,
    limit: Limit = 100,
) -> models.FailureList:
    """Group failures that look alike, the latest first."""
    found = parts.store.history.failures(
        workflow=workflow or None, since=since, limit=limit
    )
    return models.FailureList(groups=[models.FailureRow.of(one) for one in found])


@router.get("/runs/{run_id}")
def show_run(run_id: str, parts: Parts, who: Reader) -> models.RunDetail:
    """Tell all that a run's page opens with."""
    history = parts.store.history
    glance = history.glance(run_id)
    report = history.run(run_id)
    failures = history.first_failures([run_id])
    kinds = ("TaskArtifact",)
    return models.RunDetail(
        run=views.run_row(glance.run, failures.get(run_id)),
        identity=report.identity.to_dict(),
        facts=report.facts,
        seq=glance.seq,
        tasks=views.task_nodes(report),
        attempts=views.attempts(report, report.tasks),
        root_failure=views.root_failure(report),
        last_success=_last_success(parts, report),
        artifacts_count=len(history.events(run_id, kinds=kinds)),
        children=_children(parts, run_id),
        can=may(parts, report, who),
    )


def _last_success(parts: Served, report: RunReport) -> models.LastSuccess | None:
    workflow = report.identity.workflow
    if not workflow:
        return None
    for run in parts.store.history.runs(
        WorkflowStatus.COMPLETED, workflow=workflow, until=report.started, limit=1
    ):
        return models.LastSuccess(
            run_id=run.run_id,
            started=run.started,
            duration=run.duration,
            commit=run.identity.commit,
            params=run.identity.params,
        )
    return None


def _children(parts: Served, run_id: str) -> list[models.RunRow]:
    history = parts.store.history
    if "parent" not in history.capabilities:
        return []
    return views.run_rows(history, history.runs(parent=run_id, limit=100))


@router.get("/runs/{run_id}/tasks/{name:path}")
def show_task(run_id: str, name: str, parts: Parts, _who: Reader) -> models.TaskDetail:
    """Tell what is known of one task of a run."""
    report = parts.store.history.run(run_id)
    if name not in {task.name for task in report.tasks}:
        raise Refusal(404, "task_not_found", f"Run {run_id} has no task {name!r}.")
    task = report[name]
    nodes = {node.name: node for node in views.task_nodes(report)}
    error, result = task.error, task.result
    ended = [*task.attempts, *task.failed_items]
    times = [
        models.ItemTime(index=one.index, duration=one.duration, state=one.outcome or "")
        for one in ended
        if one.duration is not None
    ]
    return models.TaskDetail(
        task=nodes[name],
        attempts=views.attempts(report, [task]),
        inputs=inputs_of(report[name]),
        output=None if result is None else models.Output.of(result),
        error=None if error is None else views.full_error(error, report.identity.cwd),
        slowest=sorted(times, key=lambda one: -one.duration)[:_SLOWEST],
        failures=[
            models.ItemFailure(
                index=one.index,
                attempt=one.number,
                exception=one.error.exception,
                message=one.error.message,
            )
            for one in ended
            if one.error is not None
        ],
        children=[],
    )


def inputs_of(task: TaskReport) -> list[models.Input]:
    """Return what the last attempt of a task was given, as far as that is told."""
    for one in reversed(task.attempts):
        given: dict[str, Any] = {"previous": one.input, "initial": one.initial}
        found = [
            models.Input(name=name, preview=text)
            for name, text in given.items()
            if text is not None
        ]
        if found:
            return found
    return []


@router.get("/runs/{run_id}/events")
def list_events(
    run_id: str,
    parts: Parts,
    _who: Reader,
    after: After = 0,
    limit: Most = 1000,
    kind: Annotated[list[str] | None, Query()] = None,
    task: str | None = None,
) -> models.EventList:
    """List the events of a run in their order, but what steps have printed and left."""
    untold = {OUTPUT, "TaskArtifact"} - set(kind or ())
    found = parts.store.history.events(run_id, after, limit, kinds=kind, task=task)
    return models.EventList(
        events=[models.EventRow.of(one) for one in found if one.event not in untold],
        next=found[-1].seq if found else after,
    )


@router.get("/runs/{run_id}/output")
def list_output(
    run_id: str,
    parts: Parts,
    _who: Reader,
    task: str | None = None,
    after: After = 0,
    limit: Most = 1000,
) -> models.LineList:
    """List what steps have printed; `limit` bounds the events that are read."""
    found = parts.store.history.events(
        run_id, after, limit, kinds=(OUTPUT,), task=task or None
    )
    return models.LineList(
        lines=list(output_lines(found)), next=found[-1].seq if found else after
    )


@router.get("/runs/{run_id}/artifacts")
def list_artifacts(
    run_id: str, parts: Parts, _who: Reader, task: str | None = None
) -> models.ArtifactList:
    """List what the steps of a run have left to look at."""
    found = parts.store.history.artifacts(run_id, task=task or None)
    return models.ArtifactList(artifacts=[views.artifact_row(one) for one in found])


@router.get("/compare")
def compare(left: str, right: str, parts: Parts, _who: Reader) -> models.Comparison:
    """Tell what differs between two runs."""
    history = parts.store.history
    reports = history.run(left), history.run(right)
    rows = views.run_rows(history, [history.glance(one).run for one in (left, right)])
    by_name = [{task.name: task for task in report.tasks} for report in reports]
    names = list(dict.fromkeys([*by_name[0], *by_name[1]]))
    return models.Comparison(
        left=rows[0],
        right=rows[1],
        params=views.differences(*(report.identity.params for report in reports)),
        identity=[
            pair
            for pair in views.differences(
                *(report.identity.to_dict() for report in reports)
            )
            if pair.name not in ("params", "pid")
        ],
        tasks=[
            _pair(name, by_name[0].get(name), by_name[1].get(name)) for name in names
        ],
    )


def _pair(
    name: str, left: TaskReport | None, right: TaskReport | None
) -> models.TaskPair:
    delta = None
    if left is not None and right is not None:
        before, after = left.duration, right.duration
        delta = None if before is None or after is None else after - before
    return models.TaskPair(name=name, left=_side(left), right=_side(right), delta=delta)


def _side(task: TaskReport | None) -> models.Side | None:
    if task is None:
        return None
    return models.Side(
        state=task.state, duration=task.duration, attempts=len(task.attempts)
    )
