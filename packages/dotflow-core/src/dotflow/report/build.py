"""Makes reports of the tasks of a run, while it goes on or afterwards.

Everything is read from the tasks: a run that nobody asks for a report pays nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.base.guard import guarded
from dotflow.report.model import AttemptReport, ErrorReport, RunReport, TaskReport
from dotflow.report.values import result_report
from dotflow.types import TypeStatus, WorkflowStatus

if TYPE_CHECKING:
    from dotflow.model.run_info import RunInfo
    from dotflow.model.task import TaskInstance
    from dotflow.model.task_error import TaskError


def build_report(
    info: RunInfo,
    tasks: Sequence[TaskInstance],
    *,
    status: str = WorkflowStatus.NEW,
    duration: float | None = None,
    include_results: bool = False,
) -> RunReport:
    """Return the report of a run.

    Args:
        info: What was known of it when it began.
        tasks: Its tasks, each in the place that it has in the graph.
        status: A `WorkflowStatus`.
        duration: How long it took, in seconds; None while it goes on.
        include_results: Whether results are told, beside their type and size.
    """
    started = info.started
    ended = started is not None and duration is not None
    return RunReport(
        run_id=info.run_id,
        workflow_id=None if info.workflow_id is None else str(info.workflow_id),
        name=info.name,
        mode=info.mode,
        status=status,
        started=moment(started),
        finished=moment((started or 0.0) + (duration or 0.0)) if ended else None,
        duration=duration,
        resumed_from=info.resumed_from,
        metadata=plain(info.metadata),
        tasks=[
            task_report(task, upstream_names(info.graph, node), include_results)
            for node, task in enumerate(tasks)
        ],
        identity=info.identity,
    )


def task_report(
    task: TaskInstance, upstream: tuple[str, ...] = (), include_results: bool = False
) -> TaskReport:
    """Return the report of one task.

    Args:
        task: The task.
        upstream: The names of the tasks it waits for.
        include_results: Whether its result is told, beside the type and size.
    """
    completed = task.status == TypeStatus.COMPLETED
    return TaskReport(
        name=task.name,
        task_id=task.task_id,
        group=task.group_name,
        status=task.status,
        outcome=task.outcome,
        reason=task.reason,
        upstream=upstream,
        attempts=list(_attempts(task)),
        restored=task.restored,
        cached=bool(getattr(task, "cached", False)),
        result=(
            result_report(task.current_context, include_results) if completed else None
        ),
        parent=task.parent,
        mapped=None if task.mapped is None else task.mapped.to_dict(),
        failed_items=[_failed(e) for e in task.errors if e.index is not None],
    )


def upstream_names(graph: Any, node: int) -> tuple[str, ...]:
    """Return the names of the tasks that a node of a graph waits for."""
    if graph is None or node >= len(graph.upstream):
        return ()
    return tuple(graph.tasks[up].name for up in graph.upstream[node])


def _attempts(task: TaskInstance) -> Iterable[AttemptReport]:
    own = [error for error in task.errors if error.index is None]
    yield from map(_failed, own)
    completed = task.status == TypeStatus.COMPLETED and not task.restored
    # A mapped task may fail for nothing but its items, which tell of it.
    by_items = task.mapped is not None and task.status == TypeStatus.FAILED and not own
    if (completed or by_items) and task.attempt:
        yield AttemptReport(
            task.attempt,
            moment(task.attempt_started),
            moment(task.finished),
            task.outcome,
        )
    elif task.status == TypeStatus.IN_PROGRESS:
        yield AttemptReport(task.attempt, moment(task.attempt_started))


def _failed(error: TaskError) -> AttemptReport:
    return AttemptReport(
        error.attempt or 0,
        moment(error.started),
        moment(error.finished),
        error.outcome,
        ErrorReport(
            error.exception,
            error.message,
            error.traceback,
            error.output,
            error.exit_code,
        ),
        error.index,
    )


def moment(seconds: float | None) -> datetime | None:
    """Return a time since the epoch with a time zone, UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata as JSON can hold it: what it has no form for becomes a text."""
    if not metadata:
        return {}
    named = {str(name): value for name, value in metadata.items()}
    # There and back: also a copy, which the user's later changes do not reach.
    loaded: dict[str, Any] | None = guarded(
        lambda: json.loads(json.dumps(named, default=str)), None
    )
    if loaded is None:
        return {name: guarded(partial(repr, v), "") for name, v in named.items()}
    return loaded
