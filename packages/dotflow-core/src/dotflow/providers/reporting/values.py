"""`SentValues`: results on their way to a server that is to be told of them, too."""

from __future__ import annotations

import json
from typing import Any

from dotflow.abc.history import Recorder
from dotflow.base.masking import looks_secret, without_secrets
from dotflow.codec.codec import Codec
from dotflow.errors import EncodeError
from dotflow.model import events

_MOST = 1_000_000
_MOST_TOGETHER = 32_000_000


class SentValues(Recorder):
    """Hears the results of a run, and adds them to what tells of their tasks.

    They are in memory alone: those that a killed process has not sent are not told, nor is
    what JSON has no form for, what is very large, and what its task's name calls a secret.

    Args:
        inner: What else hears of the run.
    """

    def __init__(self, inner: Recorder | None) -> None:
        self._inner = inner
        self._codec = Codec(pickle=False)
        self._size = 0
        # By task and attempt.
        self._texts: dict[tuple[str | None, int | None], str] = {}

    def connect(self, bus: events.EventBus) -> None:
        """Listen to the events of the run; see `Recorder.connect`."""
        bus.subscribe(events.TaskCompleted, self._on_completed, "ServerDefault")
        if self._inner is not None:
            self._inner.connect(bus)

    def _on_completed(self, event: events.TaskCompleted) -> None:
        task = event.task
        result = task.current
        if result is None or getattr(result, "held", None) is not None:
            return
        if looks_secret(task.name):
            return
        try:
            text = without_secrets(self._codec.encode(result.storage))
        except EncodeError:
            return
        if len(text) <= _MOST and self._size + len(text) <= _MOST_TOGETHER:
            self._size += len(text)
            self._texts[task.name, task.attempt] = text

    def added(self, row: tuple[Any, ...]) -> list[Any]:
        """Return an event, by `EVENT_COLUMNS`, with the result that it tells of."""
        seq, when, event, task, attempt, detail, began = row
        text = self._texts.get((task, attempt)) if event == "TaskCompleted" else None
        if text is not None:
            detail = json.dumps({**json.loads(detail or "{}"), "value": text})
        return [seq, when, event, task, attempt, detail, began]

    def forget(self, rows: list[tuple[Any, ...]]) -> None:
        """Let go of results that the server has."""
        for row in rows:
            text = self._texts.pop((row[3], row[4]), None)
            self._size -= len(text or "")
