"""What an event leaves in a history: one row, from which reports are made again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from dotflow.base.liveness import process_token
from dotflow.report.build import plain
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from dotflow.model.items import MapProgress
    from dotflow.model.run_info import RunInfo

# A plain tuple, the cheapest there is: the number of the run, the number of the event
# in it, when, the name of the event's class, the task's name, the attempt, a `Detail`
# as JSON, and when the attempt began where that event was not written by itself.
EventRow = tuple[int, int, float, str, str | None, int | None, str | None, float | None]

# The number of the run, the task's name, and its counts in the order of `COUNTS`.
CountsRow = tuple[int, str, int, int, int, int, int | None]

# How a run ended, when, how long it took, and its number.
EndRow = tuple[str, float, float, int]

EventRows = Sequence[EventRow]
CountsRows = Sequence[CountsRow]
EndRows = Sequence[EndRow]

# Of a name, in characters: an entry of an index has to fit a page.
_LONGEST = 500

to_json = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Detail(TypedDict, total=False):
    """What else is known of an event; each kind of event has some of it.

    Attributes:
        type: The type of a result.
        size: Its size, where it has one.
        cached: Whether it came from the cache.
        outcome: The `TypeOutcome` of an attempt that failed.
        exception: The name of the exception's class.
        message: What it said.
        traceback: The user's part of the traceback.
        exit_code: What the step has called `sys.exit` with, where it has.
        delay: After how many seconds another attempt follows.
        by_items: True where a map failed for nothing but its items, which tell of it.
        index: Which item of a map it was; the three after it are those of the item.
        attempt: Which attempt of the item.
        began: When that began, in seconds since the epoch.
        reason: Why a task will not run.
        last_lines: What an attempt that failed has printed last.
        output: What was printed, as of `TaskOutput`; `cut` and `cut_lines` too.
        preview: The beginning of what a result looks like.
        value: A result itself, as the text of the JSON codec, where a runner was to tell
            of it.
        input: The same of what an attempt was given; on its end where that and its
            beginning are one row.
        initial: The same of the task's initial context.
        name: What a progress is of.
        done: How much of it is done.
        total: Of how much; None where that is not known.
    """

    type: str
    size: int | None
    cached: bool
    outcome: str
    exception: str
    message: str
    traceback: str
    exit_code: int
    delay: float
    by_items: bool
    index: int
    attempt: int
    began: float | None
    reason: str
    last_lines: str
    output: list[tuple[float, str, str]]
    cut: int
    cut_lines: int
    preview: str
    value: str
    input: str
    initial: str
    name: str
    done: float
    total: float | None


def expand(rows: Iterable[EventRow]) -> Iterator[EventRow]:
    """Yield rows with those beginnings of attempts that were written with their ends."""
    for row in rows:
        run, seq, _, _, task, attempt, _, began = row
        if began is not None:
            yield run, seq - 1, began, "TaskStarted", task, attempt, None, None
        yield row


def read_detail(text: str | None) -> Detail:
    """Return what the JSON of a row says."""
    found: Detail = json.loads(text) if text else {}
    return found


def stored_text(text: str) -> str:
    r"""Return a text as a database can hold it: `\udc80` for a lone surrogate, `\x00`."""
    if "\0" in text:
        text = text.replace("\0", "\\x00")
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def graph_text(info: RunInfo) -> str:
    """Return the tasks of a run as JSON.

    Each is `[name, task_id, group, [places of its upstream], parent]`.
    """
    graph = info.graph
    return to_json(
        [
            [
                stored_text(task.name),
                task.task_id,
                task.group_name,
                list(graph.upstream[node]),
                getattr(task, "parent", None),
            ]
            for node, task in enumerate(graph.tasks)
        ]
    )


def begin_columns(info: RunInfo) -> dict[str, Any]:
    """Return what a store keeps of a run that begins, by name."""
    workflow_id = None if info.workflow_id is None else str(info.workflow_id)
    identity = info.identity
    workflow = identity.workflow or info.name or workflow_id or ""
    return {
        "run_id": info.run_id,
        "workflow_id": workflow_id,
        "name": info.name and stored_text(info.name),
        "mode": info.mode,
        "status": WorkflowStatus.IN_PROGRESS,
        # As exact as the time that a summary tells, by which the run is asked for.
        "started": round(info.started or time.time(), 6),
        "resumed_from": info.resumed_from,
        "tasks": len(info.graph.tasks),
        "process": process_token(),
        # Of the wall: a process on another machine judges by it who has died.
        "heartbeat": time.time(),
        "metadata": json.dumps(plain(info.metadata)) if info.metadata else "{}",
        "graph": graph_text(info),
        "workflow": stored_text(workflow)[:_LONGEST],
        "parent": identity.parent,
        "identity": stored_text(to_json(identity.to_dict())),
    }


def counts_row(run: int, task: str, progress: MapProgress) -> CountsRow:
    """Return how far a mapped task of a run is."""
    return (
        run,
        stored_text(task),
        progress.completed,
        progress.failed,
        progress.restored,
        progress.retried,
        progress.total,
    )
