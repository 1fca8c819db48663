"""`FormerRuns`: what a dotflow 1.x client reports, as runs with events."""

from __future__ import annotations

import json
import time
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from dotflow.base.identity import new_ulid
from dotflow.report.preview import preview
from dotflow.types import TypeStatus, WorkflowStatus
from dotflow_server.problems import Refusal

if TYPE_CHECKING:
    from dotflow_server.ingesting import Batch, Ingesting
    from dotflow_server.store import Store

_ENDS = (
    WorkflowStatus.COMPLETED,
    WorkflowStatus.FAILED,
    WorkflowStatus.CANCELLED,
    WorkflowStatus.SKIPPED,
)
_EVENTS = {
    TypeStatus.IN_PROGRESS: "TaskStarted",
    TypeStatus.COMPLETED: "TaskCompleted",
    TypeStatus.RETRY: "TaskRetried",
    TypeStatus.FAILED: "TaskFailed",
    TypeStatus.SKIPPED: "TaskSkipped",
    TypeStatus.CANCELLED: "TaskCancelled",
}
_ERRORS = ("TaskRetried", "TaskFailed", "TaskCancelled")


class FormerRuns:
    """Writes the runs of clients that report states of workflows and tasks.

    Such a client knows workflows and no runs: a workflow that begins again is a new run.
    It tells nothing between two changes, so nobody can say that it has died.

    Args:
        store: Where runs are looked up.
        ingesting: Where they are written.
    """

    def __init__(self, store: Store, ingesting: Ingesting) -> None:
        self._history = store.history
        self._ingesting = ingesting
        self._lock = Lock()
        # By workflow id: what people call it, until it has a run.
        self._names: dict[str, str] = {}

    def create_workflow(self, workflow_id: str, name: str) -> None:
        """Note that there is a workflow; it has a run once it begins."""
        with self._lock:
            if len(self._names) > 10_000:
                self._names.clear()
            self._names[workflow_id] = name

    def update_workflow(self, workflow_id: str, status: str) -> None:
        """Begin a run, or end it.

        Raises:
            Refusal: There is no such status.
        """
        with self._lock:
            if status == WorkflowStatus.IN_PROGRESS:
                self._begin(workflow_id)
            elif status in _ENDS:
                self._end(workflow_id, status)
            elif status != WorkflowStatus.NEW:
                raise Refusal(422, "invalid", f"There is no status {status[:80]!r}.")

    def update_task(self, workflow_id: str, task: dict[str, Any]) -> None:
        """Write what became of a task, where its run goes on."""
        event = _EVENTS.get(str(task.get("status", "")))
        name = str(task.get("name") or task.get("task_id") or "")[:1000]
        if event is None or not name:
            return  # "Not started" is no event
        with self._lock:
            run_id = self._current(workflow_id) or self._begin(workflow_id)
            retries = task.get("retry_count")
            retried = retries if isinstance(retries, int) else 0  # it may say anything
            attempt = retried + (event != "TaskRetried")
            row = [_moment(task, event), event, name, max(1, attempt)]
            self._write(run_id, [[*row, json.dumps(_detail(task, event, name)), None]])

    def _current(self, workflow_id: str) -> str | None:
        """Return the run of a workflow that goes on."""
        for run in self._history.runs(workflow_id=workflow_id, limit=1):
            if run.finished is None:
                return run.run_id
        return None

    def _begin(self, workflow_id: str) -> str:
        from dotflow_server.ingesting import Batch

        run_id, now = new_ulid(), time.time()
        name = self._names.get(workflow_id, workflow_id)
        columns = {
            "run_id": run_id,
            "workflow_id": workflow_id,
            "name": name,
            "mode": "",
            "status": WorkflowStatus.IN_PROGRESS,
            "started": now,
            "tasks": 0,
            "process": "",
            "heartbeat": now,
            "metadata": "{}",
            "graph": "[]",
            "workflow": name[:500],
            "identity": json.dumps({"workflow": name[:500]}),
        }
        event = [1, now, "RunStarted", None, None, None, None]
        self._take(run_id, Batch(columns, [event]))
        return run_id

    def _end(self, workflow_id: str, status: str) -> None:
        run_id = self._current(workflow_id)
        if run_id is None:
            return
        now = time.time()
        self._write(run_id, [[now, "RunFinished", None, None, None, None]])
        self._ingesting.end(run_id, status, now)

    def _write(self, run_id: str, rows: list[list[Any]]) -> None:
        from dotflow_server.ingesting import Batch

        last = self._history.glance(run_id).seq
        events = [[last + number, *row] for number, row in enumerate(rows, 1)]
        self._take(run_id, Batch(None, events))

    def _take(self, run_id: str, batch: Batch) -> None:
        self._ingesting.take(run_id, batch, silent=True)


def _detail(task: dict[str, Any], event: str, name: str) -> dict[str, Any]:
    if event == "TaskCompleted":
        value = task.get("current_context")
        return {
            "type": type(value).__name__,
            "size": None,
            "preview": preview(value, name),
        }
    if event == "TaskSkipped":
        return {"reason": ""}
    if event not in _ERRORS:
        return {}
    errors = task.get("errors")
    error = task.get("error") or (
        errors[-1] if isinstance(errors, list) and errors else {}
    )
    told = error if isinstance(error, dict) else {}
    return {
        "outcome": "Cancelled" if event == "TaskCancelled" else "Failed",
        "exception": str(told.get("exception") or ""),
        "message": str(told.get("message") or ""),
        "traceback": str(told.get("traceback") or ""),
    }


def _moment(task: dict[str, Any], event: str) -> float:
    """Return when it was: 1.x tells times of its machine, without a zone, or none."""
    text = task.get("started_at" if event == "TaskStarted" else "finished_at")
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return time.time()
    return found.timestamp() if found.tzinfo is not None else time.time()
