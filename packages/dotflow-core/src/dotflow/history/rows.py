"""What an event leaves in a history: one row, from which reports are made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypedDict

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
        delay: After how many seconds another attempt follows.
        by_items: True where a map failed for nothing but its items, which tell of it.
        index: Which item of a map it was; the three after it are those of the item.
        attempt: Which attempt of the item.
        began: When that began, in seconds since the epoch.
        reason: Why a task will not run.
    """

    type: str
    size: int | None
    cached: bool
    outcome: str
    exception: str
    message: str
    traceback: str
    delay: float
    by_items: bool
    index: int
    attempt: int
    began: float | None
    reason: str


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
    r"""Return a text as a database can hold it: a lone surrogate as `\udc80`."""
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
                task.name if task.name.isascii() else stored_text(task.name),
                task.task_id,
                task.group_name,
                list(graph.upstream[node]),
                getattr(task, "parent", None),
            ]
            for node, task in enumerate(graph.tasks)
        ]
    )


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
