"""What a runner tells, checked: whatever is taken can be read back.

One run that cannot be read would fail every page that lists it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dotflow.history.stored_run import EVENT_COLUMNS, MAP_COLUMNS, checked_columns
from dotflow.model.artifact import read_value
from dotflow.types import WorkflowStatus
from dotflow_server.bounded_json import read_json
from dotflow_server.problems import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Check = Callable[[Any], bool]

MOST_EVENTS = 5000
"""How many events a batch may have."""

_ID = frozenset("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_MOST_SEQ = 2**53
# Until the year 5138: later ones are no moments everywhere.
_MOST_SECONDS = 1e11
_STATUSES = frozenset(
    value for name, value in vars(WorkflowStatus).items() if name.isupper()
)


def check_run_id(run_id: str) -> None:
    """Refuse what is no id of a run.

    Raises:
        Refusal: It is none.
    """
    # ASCII alone: letters of other alphabets have an "S" for a capital.
    if not (0 < len(run_id) <= 64 and run_id.isascii() and set(run_id.upper()) <= _ID):
        raise malformed(f"{run_id[:80]!r} is no id of a run")


def columns_of(run_id: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return what is told of a run itself, by `RUN_COLUMNS`.

    Raises:
        Refusal: It is malformed, or of another run.
    """
    for name, check in _COLUMNS.items():
        if not check(told.get(name)):
            raise malformed(f"the `{name}` of its `run` is missing, or of a wrong type")
    if told["run_id"] != run_id:
        raise malformed("its `run` is another one than that of the address")
    return checked_columns(told)


def event_of(row: list[Any]) -> tuple[Any, ...]:
    """Return an event as a store takes it.

    Raises:
        Refusal: It is malformed.
    """
    if len(row) != len(EVENT_COLUMNS):
        raise malformed(f"each event has {', '.join(EVENT_COLUMNS)}")
    seq, when, event, task, attempt, detail, began = row
    if (
        not (_is_count(seq) and seq)
        or not _is_moment(when)
        or not _is_moment_or_none(began)
        or not _is_count_or_none(attempt)
        or not _is_text_or_none(detail)
    ):
        raise malformed(f"event {seq!r} has a value of a wrong type")
    named = None if task is None else name_of(task, "task")
    event = name_of(event, "event")
    _check_detail(detail, event)
    return seq, when, event, named, attempt, detail, began


def counts_of(counts: Any) -> list[int | None]:
    """Return how far a mapped task is.

    Raises:
        Refusal: It is malformed.
    """
    if (
        not isinstance(counts, list)
        or len(counts) != len(MAP_COLUMNS)
        or not all(_is_count(one) for one in counts[:-1])
        or not _is_count_or_none(counts[-1])
    ):
        raise malformed(f"the counts of a map are {', '.join(MAP_COLUMNS)}")
    return counts


def name_of(value: Any, what: str) -> str:
    """Return the name of a task, an event or a map.

    Raises:
        Refusal: It is none.
    """
    if not _is_text(value) or not 0 < len(value) <= 1000:
        raise malformed(f"the name of a {what} is a text of 1 to 1,000 characters")
    name: str = value
    return name


def malformed(why: str) -> Refusal:
    """Return the refusal of a batch that says why."""
    return Refusal(422, "invalid", f"The batch is refused whole: {why}.")


def _check_detail(text: str | None, event: str) -> None:
    if not text:
        detail: Any = {}
    else:
        try:
            detail = read_json(text)
        except (ValueError, RecursionError) as error:
            raise malformed("the detail of an event is no JSON") from error
    needed = _NEEDED.get(event, ())
    if not isinstance(detail, dict) or any(name not in detail for name in needed):
        raise malformed(f"the detail of {event!r} has {', '.join(needed) or 'names'}")
    wrong = [
        name
        for name, value in detail.items()
        if name in _DETAIL and not _DETAIL[name](value)
    ]
    if wrong or not _VALUES.get(event, _is_anything)(detail):
        names = ", ".join(wrong) or "value"
        raise malformed(f"the detail of {event!r} has a wrong type of {names}")


def _is_anything(_value: Any) -> bool:
    return True


def _is_string(value: Any) -> bool:
    return isinstance(value, str)


def _is_text(value: Any) -> bool:
    """Say whether a database holds it: no half of a surrogate pair, no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and abs(value) < 2**63
        and math.isfinite(value)
    )


def _is_count(value: Any) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and 0 <= value < _MOST_SEQ
    )


def _is_moment(value: Any) -> bool:
    return _is_number(value) and 0 <= value < _MOST_SECONDS


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


_is_text_or_none = _or_none(_is_text)
_is_count_or_none = _or_none(_is_count)
_is_moment_or_none = _or_none(_is_moment)


def _is_json_of(check: Check) -> Check:
    def is_json(text: Any) -> bool:
        try:
            return _is_text(text) and check(read_json(text))
        except (ValueError, RecursionError):
            return False

    return is_json


def _is_graph(nodes: Any) -> bool:
    """Say whether it is what `graph_text` gives."""
    return isinstance(nodes, list) and all(
        isinstance(node, list)
        and len(node) == len(_NODE)
        and all(check(value) for check, value in zip(_NODE, node, strict=True))
        and all(_is_count(up) and up < len(nodes) for up in node[3])
        for node in nodes
    )


def _is_identity(told: Any) -> bool:
    return isinstance(told, dict) and all(
        check(told[name]) for name, check in _IDENTITY.items() if name in told
    )


def _is_output(told: Any) -> bool:
    return isinstance(told, list) and all(
        isinstance(line, list)
        and len(line) == 3
        and _is_moment(line[0])
        and isinstance(line[1], str)
        and isinstance(line[2], str)
        for line in told
    )


def _is_fact(detail: Mapping[str, Any]) -> bool:
    value = detail["value"]
    return (
        value is None
        or isinstance(value, (str, int))  # of any size
        or (isinstance(value, float) and math.isfinite(value))
    )


def _is_artifact(detail: Mapping[str, Any]) -> bool:
    try:
        read_value(detail)
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return True


_COLUMNS: dict[str, Check] = {
    **dict.fromkeys(("run_id", "mode", "process", "workflow"), _is_text),
    **dict.fromkeys(("name", "workflow_id", "parent", "resumed_from"), _is_text_or_none),
    **dict.fromkeys(("started", "heartbeat"), _is_moment),
    "finished": _is_moment_or_none,
    "duration": _or_none(_is_number),
    "tasks": _is_count,
    "status": lambda value: isinstance(value, str) and value in _STATUSES,
    "metadata": _is_json_of(_is_anything),
    "graph": _is_json_of(_is_graph),
    "identity": _is_json_of(_is_identity),
}  # fmt: skip
# The parts of a node of the graph.
_NODE: tuple[Check, ...] = (
    lambda name: isinstance(name, str) and bool(name),
    _is_string,
    _is_string,
    lambda upstream: isinstance(upstream, list),
    _or_none(_is_string),
)
_IDENTITY: dict[str, Check] = {
    **dict.fromkeys(
        ("workflow", "started_by", "command", "cwd", "host", "user", "dotflow", "python"),
        _is_string,
    ),
    **dict.fromkeys(("parent", "retry_of", "commit"), _or_none(_is_string)),
    "params": lambda value: isinstance(value, dict),
    "pid": _is_count,
    "tags": lambda value: isinstance(value, list) and all(map(_is_string, value)),
}  # fmt: skip
# Of any event; see `dotflow.history.rows.Detail`.
_DETAIL: dict[str, Check] = {
    **dict.fromkeys(
        (
            "type", "outcome", "exception", "message", "traceback", "reason",
            "last_lines", "preview", "input", "initial", "name", "kind",
        ),
        _is_string,
    ),
    **dict.fromkeys(("index", "cut", "cut_lines"), _is_count),
    **dict.fromkeys(("size", "attempt"), _is_count_or_none),
    **dict.fromkeys(("done", "delay", "exit_code"), _is_number),
    "total": _or_none(_is_number),
    "began": _is_moment_or_none,
    "output": _is_output,
}  # fmt: skip
_FAILURE = ("outcome", "exception", "message", "traceback")
_NEEDED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("TaskFailed", "TaskCancelled", "TaskRetried"), _FAILURE),
    **dict.fromkeys(
        ("ItemFailed", "ItemRetried"), (*_FAILURE, "index", "attempt", "began")
    ),
    "TaskProgress": ("name", "done", "total"),
    "TaskArtifact": ("name", "kind", "size", "value"),
    "FactSet": ("name", "value"),
}
_VALUES: dict[str, Check] = {
    **dict.fromkeys(
        ("ItemFailed", "ItemRetried"), lambda detail: _is_count(detail["attempt"])
    ),
    "FactSet": _is_fact,
    "TaskArtifact": _is_artifact,
    "TaskCompleted": lambda detail: isinstance(detail.get("value", ""), str),
}
