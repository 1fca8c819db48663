"""`StoredRun`: all that a history keeps of a run, as a value."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from dotflow.history.rows import stored_text

VERSION = 1
RUN_COLUMNS = (
    "run_id",
    "workflow_id",
    "name",
    "mode",
    "status",
    "started",
    "finished",
    "duration",
    "resumed_from",
    "tasks",
    "process",
    "heartbeat",
    "metadata",
    "graph",
    "workflow",
    "parent",
    "identity",
)
EVENT_COLUMNS = ("seq", "time", "event", "task", "attempt", "detail", "began")
MAP_COLUMNS = ("completed", "failed", "restored", "retried", "total")
_TEXTS = frozenset(
    {"run_id", "mode", "status", "process", "metadata", "graph", "workflow", "identity"}
)
NUMBERS = frozenset({"started", "finished", "duration", "heartbeat"})


@dataclass(slots=True)
class StoredRun:
    """All that a history keeps of a run, as a store keeps it.

    Args:
        columns: What is known of the run itself, by `RUN_COLUMNS`.
        rows: Its events, each an `EventRow` without the number of the run.
        maps: How far its mapped tasks are, by name.
    """

    columns: dict[str, Any]
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    maps: dict[str, list[int | None]] = field(default_factory=dict)

    @property
    def tags(self) -> list[str]:
        """What the user marked it with."""
        found: list[str] = json.loads(self.columns["identity"]).get("tags", [])
        return [stored_text(tag) for tag in found]

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        told = {"dotflow": VERSION, "run": self.columns}
        return json.dumps({**told, "maps": self.maps, "events": self.rows})

    @classmethod
    def from_json(cls, text: str) -> StoredRun:
        """Return what `to_json` gave.

        Raises:
            ValueError: It is none, or a newer dotflow has written it.
        """
        told = json.loads(text)
        if not isinstance(told, dict) or not isinstance(told.get("run"), dict):
            raise ValueError("it is no run that `dotflow history export` has written")
        if told.get("dotflow", VERSION) > VERSION:
            raise ValueError("a newer dotflow has written it: upgrade dotflow-core")
        columns = checked_columns(told["run"])
        rows = [tuple(row) for row in told["events"]]
        if any(len(row) != len(EVENT_COLUMNS) for row in rows):
            raise ValueError(f"each event has {', '.join(EVENT_COLUMNS)}")
        return cls(columns, rows, dict(told["maps"]))


def checked_columns(columns: dict[str, Any]) -> dict[str, Any]:
    """Return what is known of a run, and nothing else that a file may say.

    Raises:
        ValueError: It is not what a history keeps.
    """
    found: dict[str, Any] = {name: columns.get(name) for name in RUN_COLUMNS}
    wrong = [name for name in _TEXTS if not isinstance(found[name], str)]
    wrong += [
        name
        for name in NUMBERS
        if not isinstance(found[name], (int, float, type(None)))
    ]
    if wrong or found["started"] is None or not isinstance(found["tasks"], int):
        names = ", ".join(sorted(wrong)) or "started, tasks"
        raise ValueError(f"its {names} is missing, or of a wrong type")
    for name in ("metadata", "graph", "identity"):
        json.loads(str(found[name]))
    return found
