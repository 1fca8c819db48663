"""What a state store knows of runs and their tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from dotflow.errors import DotflowError

TaskStatus = Literal["PENDING", "RUNNING", "SUCCESS", "FAILED", "SKIPPED"]
PROCESS_CRASH = "PROCESS_CRASH"
ALREADY_RUNNING = "ALREADY_RUNNING"
"""The error of a task whose process has died."""

RunStatus = Literal["RUNNING", "SUCCESS", "FAILED"]


class IllegalTransition(DotflowError, RuntimeError):
    """A task cannot get this status from the one it has."""


_REPORTED = ("status", "attempt", "started_at", "finished_at", "error", "result")
_reported = attrgetter(*_REPORTED)


@dataclass(slots=True)
class TaskRunRecord:
    """What is known of a task in a run; times are seconds since the epoch."""

    task_name: str
    attempt: int = 0
    status: TaskStatus = "PENDING"
    started_at: float | None = None
    finished_at: float | None = None
    error: str | None = None
    result: Any = None
    result_cleared: bool = False
    # What it was made from, or will be; see `dotflow.engine.lineage`.
    lineage: str | None = None

    def report(self) -> dict[str, Any]:
        """Return it as a plain dictionary."""
        return dict(zip(_REPORTED, _reported(self), strict=True))


@dataclass(slots=True)
class RunRecord:
    """What is known of a run; times are seconds since the epoch."""

    run_id: str
    dag_name: str
    metadata: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, TaskRunRecord] = field(default_factory=dict)
    created_at: float = field(default_factory=time.time)
    finished_at: float | None = None
    # Returns what each task was made from, where nobody has asked for it yet.
    lineages: Callable[[], Mapping[str, str]] | None = field(
        default=None, repr=False, compare=False
    )

    def settle_lineages(self) -> None:
        """Find out what the tasks were made from, if that is still to be done."""
        if self.lineages is None:
            return
        texts, self.lineages = self.lineages(), None
        for name, task in self.tasks.items():
            task.lineage = texts[name]

    @property
    def status(self) -> RunStatus:
        """`SUCCESS` when every task is, `FAILED` when one failed or was skipped."""
        statuses = {task.status for task in self.tasks.values()}
        if "FAILED" in statuses or "SKIPPED" in statuses:
            return "FAILED"
        return "SUCCESS" if statuses == {"SUCCESS"} else "RUNNING"

    def report(self) -> dict[str, Any]:
        """Return it as a plain dictionary."""
        return {
            "run_id": self.run_id,
            "dag_name": self.dag_name,
            "metadata": dict(self.metadata),
            "created_at": self.created_at,
            "finished_at": self.finished_at,
            "status": self.status,
            # As `TaskRunRecord.report`, without a call for each of many tasks.
            "tasks": {
                name: dict(zip(_REPORTED, _reported(task), strict=True))
                for name, task in self.tasks.items()
            },
        }


class StoredRun(NamedTuple):
    """A run in a list of them."""

    run_id: str
    dag_name: str
    status: RunStatus
    created_at: float
    finished_at: float | None

    def matches(self, dag_name: str | None, status: RunStatus | None) -> bool:
        """Say whether it is of a DAG and has a status; None stands for any."""
        return dag_name in (None, self.dag_name) and status in (None, self.status)


# What stored runs name it.
RunSummary = StoredRun
