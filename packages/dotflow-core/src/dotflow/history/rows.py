"""What an event leaves in a history: one row, from which reports are made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dotflow.report.values import describe

if TYPE_CHECKING:
    from dotflow.model.events import ItemFailed, TaskEvent, TaskFailed, TaskRetried
    from dotflow.model.items import MapProgress
    from dotflow.model.run_info import RunInfo
    from dotflow.model.task import TaskError

_write = json.JSONEncoder(separators=(",", ":"), default=str).encode


# A plain tuple, the cheapest there is: the number of the run, the number of the event
# in it, when, the name of the event's class, the task's name, the attempt, a JSON object,
# and when the attempt began where that event was not written by itself.
EventRow = tuple[int, int, float, str, str | None, int | None, str | None, float | None]


# The number of the run, the task's name, and its counts in the order of `COUNTS`.
CountsRow = tuple[int, str, int, int, int, int, int | None]


def expand(rows: Iterable[EventRow]) -> Iterator[EventRow]:
    """Yield rows with those beginnings of attempts that were written with their ends."""
    for row in rows:
        run, seq, _, _, task, attempt, _, began = row
        if began is not None:
            yield run, seq - 1, began, "TaskStarted", task, attempt, None, None
        yield row


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
    return _write(
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


def failure_text(event: TaskFailed | TaskRetried, by_items: bool = False) -> str:
    """Return why an attempt failed as JSON.

    Args:
        event: What happened.
        by_items: Whether it failed for nothing but its items, which tell of it.
    """
    detail = _failure(event)
    if by_items:
        detail["by_items"] = True
    return _write(detail)


def item_failure_text(event: ItemFailed, error: TaskError) -> str:
    """Return which attempt of which item failed, and why, as JSON."""
    detail = _failure(event)
    detail["message"] = error.message
    detail["index"], detail["attempt"] = event.index, event.attempt
    detail["began"] = error.started
    return _write(detail)


def _failure(event: TaskFailed | TaskRetried | ItemFailed) -> dict[str, Any]:
    failure = event.failure
    detail: dict[str, Any] = {
        "outcome": failure.kind,
        "exception": failure.exception,
        "message": failure.message,
        "traceback": failure.traceback,
    }
    delay = getattr(event, "delay", None)
    if delay is not None:
        detail["delay"] = delay
    return detail


def restored_text(event: TaskEvent) -> str:
    """Return where a result came from, and its type and size, as JSON."""
    kind, size = describe(event.task.current_context.storage)
    return _write({"cached": event.task.cached, "type": kind, "size": size})


def reason_text(event: TaskEvent) -> str:
    """Return why a task will not run as JSON."""
    return _write({"reason": event.task.reason})


# By type: the JSON up to the size, and whether there is one to add.
_kinds: dict[type, tuple[str, bool]] = {}


def result_text(value: Any) -> str:
    """Return the type and the size of a result as JSON."""
    found = _kinds.get(type(value))
    if found is not None:
        text, sized = found
        return f"{text}{len(value)}}}" if sized else text
    kind, size = describe(value)
    head = f'{{"type":{_write(kind)},"size":'
    # A user's class may be made at run time, and numbers of a kind differ in size.
    if type(value).__module__ == "builtins":
        sized = size is not None
        _kinds[type(value)] = (head if sized else f"{head}null}}", sized)
    return f"{head}{'null' if size is None else size}}}"
