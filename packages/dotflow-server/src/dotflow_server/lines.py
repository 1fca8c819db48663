"""What steps have printed, line by line, as text and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dotflow_cli.output_lines import cut_text
from dotflow_server.models import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotflow.abc.history import HistoryEvent

LONGEST = 10_000
"""How much of a line is told, in characters."""

_LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")


def output_lines(events: Iterable[HistoryEvent]) -> Iterator[Line]:
    """Yield the lines of output in the order they came.

    Args:
        events: Events of the name `TaskOutput`. A line that one of them leaves open goes on
            in the next one of the same attempt and stream.
    """
    # By attempt and stream: what began a line that has not ended.
    begun: dict[tuple[str | int | None, ...], Line] = {}
    for event in events:
        if event.detail.get("cut"):
            yield _line(event, event.time.timestamp(), "log", cut_text(event))
        for when, stream, text in event.detail.get("output", ()):
            key = (event.task, event.index, event.attempt, stream)
            *ended, rest = text.split("\n")
            for part in ended:
                yield _joined(begun.pop(key, None), _line(event, when, stream, part))
            if rest:
                begun[key] = _joined(
                    begun.pop(key, None), _line(event, when, stream, rest)
                )
    yield from begun.values()


def _line(event: HistoryEvent, when: float, stream: str, text: str) -> Line:
    level = _LEVEL.search(text[:100]) if stream == "log" else None
    return Line(
        seq=event.seq,
        time=datetime.fromtimestamp(when, UTC),
        task=event.task or "",
        attempt=event.attempt,
        index=event.index,
        stream=stream,
        level=level[0] if level else None,
        text=text[:LONGEST],
    )


def _joined(before: Line | None, line: Line) -> Line:
    if before is None:
        return line
    text = (before.text + line.text)[:LONGEST]
    return before.model_copy(update={"text": text, "seq": line.seq})
