"""What stores make of the values that they keep of a run."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from dotflow.abc.history import HistoryEvent, InvalidQuery, RunSummary
from dotflow.base.liveness import has_died, host_and_pid
from dotflow.history.fold import facts_of, task_reports
from dotflow.history.rows import expand
from dotflow.model.run_info import RunIdentity
from dotflow.report.build import moment
from dotflow.report.model import RunReport
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from dotflow.history.rows import CountsRow, EventRow

COLUMNS = (
    "run_id, workflow_id, name, mode, status, started, finished, duration,"
    " resumed_from, tasks, process, heartbeat, identity"
)
"""What a database keeps of a run, for `run_summary`: times are seconds since the epoch,
the process is what `process_token` gave there, the identity is a JSON text."""


def run_summary(columns: Sequence[Any]) -> RunSummary:
    """Return a run as it is now: one that was open may have died since.

    Args:
        columns: What is kept of it, in the order of `COLUMNS`.
    """
    *named, status, started, finished = columns[:7]
    *rest, process, heartbeat, identity = columns[7:]
    if finished is None and has_died(process, heartbeat):
        status = WorkflowStatus.CRASHED
    told: list[Any] = [*named, status, exact_moment(started), moment(finished), *rest]
    told += [*host_and_pid(process), RunIdentity.from_dict(json.loads(identity))]
    return RunSummary(*told)


def run_report(
    told: RunSummary,
    metadata: str,
    graph: str,
    rows: Sequence[EventRow],
    counts: Iterable[CountsRow],
) -> RunReport:
    """Return all that is known of a run.

    Args:
        told: What a listing tells of it.
        metadata: A JSON text.
        graph: What `graph_text` gave.
        rows: Its events, in their order.
        counts: How far mapped tasks are.
    """
    return RunReport(
        run_id=told.run_id,
        workflow_id=told.workflow_id,
        name=told.name,
        mode=told.mode,
        status=told.status,
        started=told.started,
        finished=told.finished,
        duration=told.duration,
        resumed_from=told.resumed_from,
        metadata=json.loads(metadata),
        tasks=task_reports(graph, rows, counts, crash_of(told)),
        identity=told.identity,
        facts=facts_of(rows),
    )


def crash_of(told: RunSummary) -> str:
    """Return why tasks of a run that go on will never end; empty where they may."""
    if told.status != WorkflowStatus.CRASHED:
        return ""
    return f"The process of the run ({told.pid} on {told.host}) has died."


class AskedEvents(NamedTuple):
    """What `History.events` is asked for, as its arguments are called."""

    after: int
    limit: int | None
    kinds: Collection[str] | None
    task: str | None

    def among(self, rows: Iterable[EventRow]) -> list[HistoryEvent]:
        """Return the events that rows tell of.

        Args:
            rows: At least those that are asked for, in their order.
        """
        found = [
            _event(row)
            for row in expand(rows)
            if row[1] > self.after
            and (self.kinds is None or row[3] in self.kinds)
            and (self.task is None or row[4] == self.task)
        ]
        return found[: self.limit]


def _event(row: EventRow) -> HistoryEvent:
    _, seq, when, event, task, attempt, text, _ = row
    detail = json.loads(text) if text else {}
    index = detail.pop("index", None)
    if index is not None:
        attempt = detail.pop("attempt", None)
        detail.pop("began", None)
    return HistoryEvent(seq, exact_moment(when), event, task, attempt, detail, index)


def exact_moment(seconds: float) -> datetime:
    """Return a time since the epoch with a time zone, UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def kept(
    keep: int | None, older_than: timedelta | float | None
) -> tuple[int | None, float | None]:
    """Return what `History.prune` is asked, its age in seconds.

    Raises:
        InvalidQuery: One is below 0: a slip would forget every run.
    """
    age = older_than
    seconds = age.total_seconds() if isinstance(age, timedelta) else age
    for name, given in (("keep", keep), ("older_than", seconds)):
        if given is not None and not given >= 0:
            raise InvalidQuery(f"{name}={given} is none: give 0 or more, or None.")
    return keep, seconds
