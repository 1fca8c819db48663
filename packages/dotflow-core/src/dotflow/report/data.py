"""One run, or one graph, as plain values, whichever front end and mode it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from dotflow.model.run_info import RunIdentity
from dotflow.types import TypeOutcome, TypeStatus, WorkflowStatus

VERSION = 1
"""The version of `RunReport.to_dict`, its entry `"version"`."""


@dataclass(slots=True)
class ErrorReport:
    """Why an attempt failed.

    Args:
        exception: The name of the exception's class.
        message: What it said.
        traceback: The user's part of the traceback, or `""`.
        output: The last lines that the attempt has printed and logged, where that is
            kept; or `""`.
        exit_code: What the program is to exit with, where the step has called
            `sys.exit`; 0 where it has not.
    """

    exception: str
    message: str
    traceback: str = ""
    output: str = ""
    exit_code: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary that JSON can hold."""
        data = asdict(self)
        if not self.output:
            del data["output"]
        if not self.exit_code:
            del data["exit_code"]
        return data


@dataclass(slots=True)
class AttemptReport:
    """One attempt of a task.

    Args:
        number: From 1; 0 where the task failed before any attempt.
        started: When it began, with a time zone; None where that is not known.
        finished: When it ended; None while it runs, or where it died with its run.
        outcome: A `TypeOutcome`; None while it runs.
        error: Why it failed, if it did.
        index: Of which item of a mapped task, from 0; None for the task itself.
        input: The beginning of what it was given, as a text, where a history tells it.
        initial: The same of the task's initial context.
        progress: How far its step has told to be, where a history tells it: by name,
            `""` for what has none, how much is done, and of how much, None where that
            is not known.
    """

    number: int
    started: datetime | None = None
    finished: datetime | None = None
    outcome: str | None = None
    error: ErrorReport | None = None
    index: int | None = None
    # A report of the run itself has the values in its place.
    input: str | None = field(default=None, compare=False)
    initial: str | None = field(default=None, compare=False)
    progress: dict[str, tuple[float, float | None]] = field(
        default_factory=dict, compare=False
    )

    @property
    def duration(self) -> float | None:
        """How long it took, in seconds; None while it runs."""
        return _seconds(self.started, self.finished)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary that JSON can hold."""
        data = {
            "number": self.number,
            "started": _iso(self.started),
            "finished": _iso(self.finished),
            "duration": self.duration,
            "outcome": self.outcome,
            "error": None if self.error is None else self.error.to_dict(),
        }
        for name in ("index", "input", "initial"):
            if getattr(self, name) is not None:
                data[name] = getattr(self, name)
        if self.progress:
            data["progress"] = {name: list(of) for name, of in self.progress.items()}
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AttemptReport:
        """Return what `to_dict` gave."""
        error = data.get("error")
        return cls(
            data["number"],
            _moment(data.get("started")),
            _moment(data.get("finished")),
            data.get("outcome"),
            None
            if error is None
            else ErrorReport(
                error["exception"],
                error["message"],
                error.get("traceback", ""),
                error.get("output", ""),
                error.get("exit_code", 0),
            ),
            data.get("index"),
            data.get("input"),
            data.get("initial"),
            {name: (of[0], of[1]) for name, of in data.get("progress", {}).items()},
        )


@dataclass(slots=True)
class ResultReport:
    """What a task returned, as far as the report tells.

    Args:
        type: The name of its type.
        size: How many items it has; None where that has no meaning or would cost.
        value: The value as the text of the JSON codec, where results were asked for.
        problem: Why `value` is missing although it was asked for.
        preview: The beginning of the value, as a text, where a history tells it.
    """

    type: str
    size: int | None = None
    value: str | None = None
    problem: str | None = None
    preview: str | None = field(default=None, compare=False)

    def load(self) -> Any:
        """Return the value itself.

        Raises:
            ValueError: The report does not hold it.
        """
        if self.value is None:
            raise ValueError(
                self.problem
                or "The report holds no results: ask for it with include_results=True."
            )
        from dotflow.codec import Codec

        return Codec(pickle=False).decode(self.value)

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary that JSON can hold."""
        data: dict[str, Any] = {"type": self.type, "size": self.size}
        if self.value is not None:
            data["value"] = self.value
        if self.problem is not None:
            data["problem"] = self.problem
        if self.preview is not None:
            data["preview"] = self.preview
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResultReport:
        """Return what `to_dict` gave."""
        return cls(
            data["type"],
            data.get("size"),
            data.get("value"),
            data.get("problem"),
            data.get("preview"),
        )


@dataclass(slots=True)
class TaskReport:
    """One task of a run.

    Args:
        name: What identifies it in its workflow.
        task_id: Its id.
        group: The group it ran with.
        status: A `TypeStatus`.
        outcome: A `TypeOutcome`: how it ended; None before.
        reason: Why it failed or was skipped, or `""`.
        upstream: The names of the tasks it waited for.
        attempts: Its attempts, oldest first.
        restored: Whether its result came from the storage, in a resumed run.
        cached: Whether its result came from the cache.
        result: What it returned; None where it has no result.
        parent: The sub-workflow that it is a part of.
        mapped: For a mapped task the counts of its items, as of `task.mapped`.
        failed_items: Of a mapped task the attempts of its items that failed, oldest
            first; only the first 100, the counts tell of all.
    """

    name: str
    task_id: str = ""
    group: str = "default"
    status: str = TypeStatus.NOT_STARTED
    outcome: str | None = None
    reason: str = ""
    upstream: tuple[str, ...] = ()
    attempts: list[AttemptReport] = field(default_factory=list)
    restored: bool = False
    cached: bool = False
    result: ResultReport | None = None
    parent: str | None = None
    mapped: dict[str, int | None] | None = None
    failed_items: list[AttemptReport] = field(default_factory=list)

    @property
    def started(self) -> datetime | None:
        """When its first attempt began."""
        return self.attempts[0].started if self.attempts else None

    @property
    def finished(self) -> datetime | None:
        """When its last attempt ended."""
        return self.attempts[-1].finished if self.attempts else None

    @property
    def duration(self) -> float | None:
        """The seconds from its first attempt to the end of its last."""
        return _seconds(self.started, self.finished)

    @property
    def error(self) -> ErrorReport | None:
        """The last error, of whichever attempt or item; None if there was none."""
        every = (*self.failed_items, *self.attempts)
        found = (a.error for a in reversed(every) if a.error is not None)
        return next(found, None)

    @property
    def progress(self) -> dict[str, tuple[float, float | None]]:
        """That of its last attempt."""
        return self.attempts[-1].progress if self.attempts else {}

    @property
    def state(self) -> str:
        """The finest word for how it is: the outcome, or the status before."""
        return self.outcome or self.status

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary that JSON can hold."""
        data: dict[str, Any] = {
            "name": self.name,
            "task_id": self.task_id,
            "group": self.group,
            "status": self.status,
            "outcome": self.outcome,
            "reason": self.reason,
            "upstream": list(self.upstream),
            "started": _iso(self.started),
            "finished": _iso(self.finished),
            "duration": self.duration,
            "attempts": [attempt.to_dict() for attempt in self.attempts],
            "restored": self.restored,
            "cached": self.cached,
            "result": None if self.result is None else self.result.to_dict(),
            "parent": self.parent,
        }
        if self.mapped is not None:
            data["mapped"] = dict(self.mapped)
            data["failed_items"] = [item.to_dict() for item in self.failed_items]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TaskReport:
        """Return what `to_dict` gave."""
        result = data.get("result")
        return cls(
            name=data["name"],
            task_id=data.get("task_id", ""),
            group=data.get("group", "default"),
            status=data["status"],
            outcome=data.get("outcome"),
            reason=data.get("reason", ""),
            upstream=tuple(data.get("upstream", ())),
            attempts=[AttemptReport.from_dict(a) for a in data.get("attempts", ())],
            restored=data.get("restored", False),
            cached=data.get("cached", False),
            result=None if result is None else ResultReport.from_dict(result),
            parent=data.get("parent"),
            mapped=data.get("mapped"),
            failed_items=[
                AttemptReport.from_dict(item) for item in data.get("failed_items", ())
            ],
        )


@dataclass(slots=True)
class RunData:
    """The values of a `RunReport`, which has the same arguments and can draw them."""

    run_id: str | None = None
    workflow_id: str | None = None
    name: str | None = None
    mode: str = ""
    status: str = WorkflowStatus.NEW
    started: datetime | None = None
    finished: datetime | None = None
    duration: float | None = None
    resumed_from: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    tasks: list[TaskReport] = field(default_factory=list)
    identity: RunIdentity = field(default_factory=RunIdentity)
    facts: dict[str, str | float | bool | None] = field(
        default_factory=dict, compare=False
    )

    def __getitem__(self, name: str) -> TaskReport:
        """Return a task by its name.

        Raises:
            KeyError: The run has no such task.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)

    def __iter__(self) -> Iterator[TaskReport]:
        return iter(self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    def __bool__(self) -> bool:
        return True  # also a run without tasks is one

    @property
    def completed(self) -> bool:
        """Whether the run has ended and no task has failed."""
        return self.status == WorkflowStatus.COMPLETED

    @property
    def failed_tasks(self) -> list[TaskReport]:
        """The tasks that failed, crashed, ran out of time or were cancelled."""
        return [task for task in self.tasks if task.outcome in _BAD]

    @property
    def exit_code(self) -> int:
        """What a program that did nothing but this run exits with.

        0 where it completed. Else, in every mode, what the step that failed first of
        those that called `sys.exit` gave it, and 1 where none did.
        """
        if self.completed:
            return 0
        ends = (
            attempt
            for task in self.failed_tasks
            for attempt in (*task.failed_items, *task.attempts[-1:])
            if attempt.error is not None and attempt.error.exit_code
        )
        first = min(ends, key=lambda end: _iso(end.finished) or "", default=None)
        return 1 if first is None or first.error is None else first.error.exit_code

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary that JSON can hold; times are ISO 8601 texts."""
        return {
            "version": VERSION,
            "run_id": self.run_id,
            "workflow_id": self.workflow_id,
            "name": self.name,
            "mode": self.mode,
            "status": self.status,
            "started": _iso(self.started),
            "finished": _iso(self.finished),
            "duration": self.duration,
            "resumed_from": self.resumed_from,
            "metadata": self.metadata,
            "identity": self.identity.to_dict(),
            "facts": self.facts,
            "tasks": [task.to_dict() for task in self.tasks],
        }

    def to_json(self, indent: int | None = None) -> str:
        """Return it as a JSON text.

        Args:
            indent: Spaces of a level, for people; None for one line.
        """
        return json.dumps(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return what `to_dict` gave.

        Raises:
            ValueError: A newer dotflow has written it.
        """
        if data.get("version", VERSION) > VERSION:
            raise ValueError(
                f"The report has version {data['version']}, this dotflow reads"
                f" {VERSION}: upgrade dotflow-core."
            )
        return cls(
            run_id=data.get("run_id"),
            workflow_id=data.get("workflow_id"),
            name=data.get("name"),
            mode=data.get("mode", ""),
            status=data["status"],
            started=_moment(data.get("started")),
            finished=_moment(data.get("finished")),
            duration=data.get("duration"),
            resumed_from=data.get("resumed_from"),
            metadata=dict(data.get("metadata") or {}),
            tasks=[TaskReport.from_dict(task) for task in data.get("tasks", ())],
            identity=RunIdentity.from_dict(data.get("identity") or {}),
            facts=dict(data.get("facts") or {}),
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Return what `to_json` gave."""
        return cls.from_dict(json.loads(text))


@dataclass(frozen=True, slots=True)
class NodeView:
    """A task in a graph.

    Args:
        name: The task's name.
        group: Its group.
        level: How many tasks at least run one after the other before it.
        upstream: The names of the tasks it waits for.
        sources: The same as places in `GraphView.nodes`.
        note: What it is beside a step: a map, or the end of a sub-workflow; and what
            decides whether it runs, beside its dependencies.
        kind: The same for a program: `"map"`, `"workflow"`, or `""` for a step.
        parent: The sub-workflow that it is a part of; None for a task of its own.
        by_order: Whether it follows the task before it only by the order in which they
            were added, where others say what they depend on: with `keep_going` it then
            runs whatever came of that task.
        cached: Whether it runs only where the cache has no result for its inputs.
    """

    name: str
    group: str
    level: int
    upstream: tuple[str, ...]
    sources: tuple[int, ...]
    note: str = ""
    kind: str = ""
    parent: str | None = None
    by_order: bool = False
    cached: bool = False


_BAD = frozenset(
    {
        TypeOutcome.FAILED,
        TypeOutcome.CRASHED,
        TypeOutcome.TIMEOUT,
        TypeOutcome.CANCELLED,
    }
)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _seconds(started: datetime | None, finished: datetime | None) -> float | None:
    if started is None or finished is None:
        return None
    # The clock may have been set back meanwhile.
    return max(0.0, (finished - started).total_seconds())
