"""What steps have printed, line by line, so that none of it looks like anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dotflow.base.escape import line_text, without_colours

if TYPE_CHECKING:
    from dotflow.abc.history import HistoryEvent

OUTPUT = "TaskOutput"


def shown(text: str) -> str:
    """Return a line that a step has printed, without colours or what steers a terminal."""
    return line_text(without_colours(text).expandtabs())


class OutputLines:
    """Makes lines of the output of attempts, which comes in pieces of any size."""

    def __init__(self) -> None:
        # By attempt and stream: when a line began that has not ended, and how.
        self._begun: dict[tuple[str, ...], tuple[float, str]] = {}

    def of(self, events: Iterable[HistoryEvent]) -> Iterator[str]:
        """Yield the lines of output that came together, by the time of each.

        Args:
            events: Events of the name `OUTPUT`, with no other between them.
        """
        pieces = []
        for event in events:
            task, index, number = event.task or "", event.index, event.attempt or 1
            name = task if index is None else f"{task}[{index}]"
            name += f"  attempt {number}" if number > 1 else ""
            told = event.detail.get("output", ())
            if event.detail.get("cut"):
                began = told[0][0] if told else event.time.timestamp()
                pieces.append((began, name, "", cut_text(event)))
            pieces += [(when, name, stream, text) for when, stream, text in told]
        for when, name, stream, text in sorted(pieces, key=lambda piece: piece[0]):
            if not stream:
                yield from self.rest(name)
                yield _line(when, "output", name, text)
                continue
            began, before = self._begun.pop((name, stream), (when, ""))
            *lines, rest = (before + text).split("\n")
            for line in lines:
                yield _line(began, stream, name, line)
                began = when
            if rest:
                self._begun[name, stream] = (began, rest)

    def rest(self, task: str | None = None) -> Iterator[str]:
        """Yield lines that nothing ends, of a task that has ended; None for all."""
        for key in list(self._begun):
            if task is None or key[0].startswith(task):
                when, text = self._begun.pop(key)
                yield _line(when, key[1], key[0], text)


def cut_text(event: HistoryEvent) -> str:
    """Return what stands in the place of output that was left out."""
    lines = event.detail.get("cut_lines", 0)
    return f"… {event.detail['cut']} characters, {lines} lines, are left out …"


def _line(when: float, stream: str, name: str, text: str) -> str:
    moment = stamp(datetime.fromtimestamp(when, UTC))
    return f"{moment}  {stream}  {line_text(name)} | {shown(text)}"


def stamp(moment: datetime) -> str:
    """Return a moment in local time, to a millisecond."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
