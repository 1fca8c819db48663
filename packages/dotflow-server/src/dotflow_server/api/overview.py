"""What is going on, workflows over time, and schedules."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from dotflow.__about__ import __version__
from dotflow.abc.history import HistoryQuery, RunDuration
from dotflow.base.percentile import percentile
from dotflow.types import ScheduleStatus, WorkflowStatus
from dotflow_server import models, views
from dotflow_server.access import Reader
from dotflow_server.api.runs import inputs_of
from dotflow_server.served import Parts, Served
from dotflow_server.store import ago

router = APIRouter(tags=["overview"])

_RUNNING, _FAILED, _DURATIONS = 100, 50, 1000
# Of so many of the newest that go on it is said whether they wait.
_LOOKED_AT = 20


@router.get("/meta")
def meta(parts: Parts, who: Reader) -> models.Meta:
    """Tell what is served, and what this session may do."""
    operates = "operate" in who.scopes
    return models.Meta(
        version=__version__,
        mode=parts.mode,
        store=parts.store.label,
        capabilities=sorted(parts.store.history.capabilities),
        scopes=sorted(who.scopes),
        can=models.Can(
            cancel=operates,
            retry=operates and parts.mode == "ui",
            schedules=operates and parts.store.keeps_schedules,
            admin="admin" in who.scopes,
        ),
    )


@router.get("/now")
def now(parts: Parts, _who: Reader, since: datetime | None = None) -> models.Now:
    """Tell what runs, what has failed, what is late and what is due."""
    history, schedules = parts.store.history, parts.store.all_schedules()
    running = history.runs(WorkflowStatus.IN_PROGRESS, limit=_RUNNING)
    waiting = {
        run.run_id
        for run in running[:_LOOKED_AT]
        if views.waits(history.run(run.run_id))
    }
    failed = history.runs(views.FAILED, since=since or ago(days=1), limit=_FAILED)
    moment = datetime.now(UTC)
    return models.Now(
        counts=parts.store.counts(since=ago(days=1)),
        running=[views.run_row(run) for run in running if run.run_id not in waiting],
        waiting=[views.run_row(run) for run in running if run.run_id in waiting],
        failed=views.run_rows(history, failed),
        late=[
            models.Late(
                schedule=one.name,
                due=one.missed[-1],
                by=(moment - one.missed[-1]).total_seconds(),
            )
            for one in schedules
            if one.status == ScheduleStatus.MISSED and one.missed
        ],
        upcoming=sorted(
            (
                models.Upcoming(
                    schedule=one.name,
                    workflow=one.what,
                    next=one.next_times[0],
                    zone=one.timezone,
                )
                for one in schedules
                if one.next_times and one.paused is None
            ),
            key=lambda due: due.next,
        ),
    )


@router.get("/workflows")
def list_workflows(parts: Parts, _who: Reader) -> models.WorkflowList:
    """List the workflows that have run, with how they do."""
    schedules = parts.store.all_schedules()
    found = []
    for name in parts.store.history.workflows():
        counts = parts.store.counts(workflow=name)
        times = _completed(_durations(parts, name))
        found.append(
            models.WorkflowRow(
                name=name,
                runs=sum(counts.values()),
                success_rate=views.success_rate(counts),
                last=_last(parts, name),
                p50=percentile(times, 0.5),
                p95=percentile(times, 0.95),
                schedules=[one.name for one in schedules if one.what == name],
            )
        )
    return models.WorkflowList(workflows=found)


@router.get("/workflows/{name:path}/tasks/{task:path}")
def task_history(
    name: str,
    task: str,
    parts: Parts,
    _who: Reader,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> models.TaskHistory:
    """Tell how a task did in the last runs of its workflow."""
    history = parts.store.history
    tasks = history.task(task, name, limit)
    given = map(inputs_of, tasks.values())
    slowest = [
        models.ItemTime(index=one.index, duration=one.duration, state=one.outcome or "")
        for found in tasks.values()
        for one in (*found.attempts, *found.failed_items)
        if one.duration is not None
    ]
    failures = []
    if HistoryQuery.FAILURES in history.capabilities:
        failures = history.failures(workflow=name, limit=500)
    return models.TaskHistory(
        points=[
            models.TaskPoint(
                run_id=run_id,
                started=found.started,
                duration=found.duration,
                state=found.state,
            )
            for run_id, found in tasks.items()
        ],
        failures=[models.FailureRow.of(one) for one in failures if one.task == task],
        last_inputs=next(filter(None, given), []),
        slowest=sorted(slowest, key=lambda one: -one.duration)[:20],
    )


@router.get("/workflows/{name:path}")
def show_workflow(
    name: str, parts: Parts, _who: Reader, since: datetime | None = None
) -> models.WorkflowDetail:
    """Tell how a workflow does over time, and the tasks of its last run."""
    history = parts.store.history
    counts = parts.store.counts(workflow=name, since=since)
    durations = _durations(parts, name, since)
    times = _completed(durations)
    last = _last(parts, name)
    return models.WorkflowDetail(
        name=name,
        counts=counts,
        success_rate=views.success_rate(counts),
        durations=[models.Duration.of(one) for one in durations],
        p50=percentile(times, 0.5),
        p95=percentile(times, 0.95),
        last=last,
        tasks=[] if last is None else views.task_nodes(history.run(last.run_id)),
        schedules=[
            views.schedule_row(one)
            for one in parts.store.all_schedules()
            if one.what == name
        ],
    )


@router.get("/schedules")
def list_schedules(parts: Parts, _who: Reader) -> models.ScheduleList:
    """List schedules with their next times."""
    return models.ScheduleList(
        schedules=[views.schedule_row(one) for one in parts.store.all_schedules()]
    )


def _durations(
    parts: Served, name: str, since: datetime | None = None
) -> list[RunDuration]:
    statuses = [WorkflowStatus.COMPLETED, WorkflowStatus.FAILED]
    return parts.store.history.durations(
        name, status=statuses, since=since, limit=_DURATIONS
    )


def _completed(durations: list[RunDuration]) -> list[float]:
    """Return how long it takes: a run that failed may have ended early."""
    return [one.duration for one in durations if one.status == WorkflowStatus.COMPLETED]


def _last(parts: Served, name: str) -> models.RunRow | None:
    history = parts.store.history
    rows = views.run_rows(history, history.runs(workflow=name, limit=1))
    return rows[0] if rows else None
