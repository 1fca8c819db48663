"""`KeptOutput`: how much of what steps print is written down, and what came last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.base.head_and_tail import MOST

if TYPE_CHECKING:
    from dotflow.history.rows import Detail
    from dotflow.model.events import TaskOutput

LAST_LINES = 20
"""How many lines stand with a failure."""

_LAST_SIZE = 4096


class KeptOutput:
    """What is kept of the output of a run.

    Each attempt bounds its own. The items of a map, of which there may be a million,
    share one bound.
    """

    __slots__ = ("_cut", "_last", "_of_items", "_passing")

    def __init__(self) -> None:
        # By task and item.
        self._last: dict[tuple[str, int | None], str] = {}
        # What is the end of an attempt only if nothing more comes of it.
        self._passing: dict[tuple[str, int | None], TaskOutput] = {}
        # By mapped task: how much of its items was kept, and what was not.
        self._of_items: dict[str, int] = {}
        self._cut: dict[str, tuple[int, int]] = {}

    def takes(self, event: TaskOutput) -> bool:
        """Take note of some output, and say whether it is to be written down."""
        name, index = event.task.name, event.index
        text = "".join(text for _, _, text in event.detail["output"])
        last = self._last.get((name, index), "")
        self._last[name, index] = (last + text[-_LAST_SIZE:])[-_LAST_SIZE:]
        if event.detail.get("passing"):
            self._passing[name, index] = event
            return False
        self._passing.pop((name, index), None)
        if index is None:
            return True
        kept = self._of_items[name] = self._of_items.get(name, 0) + len(text) + 100
        if kept <= 2 * MOST:
            return True
        cut, lines = self._cut.get(name, (0, 0))
        self._cut[name] = cut + len(text), lines + text.count("\n")
        return False

    def last_lines(self, name: str, index: int | None = None) -> str:
        """Return what an attempt has printed last, and forget it.

        Args:
            name: The name of the task.
            index: Of which item; None for the task itself.
        """
        text = self._last.pop((name, index), "")
        self._passing.pop((name, index), None)
        return "\n".join(text.rstrip("\n").split("\n")[-LAST_LINES:])

    def unfinished(self, name: str, index: int | None = None) -> TaskOutput | None:
        """Return what is the end of the output of an attempt that was killed.

        Args:
            name: The name of the task.
            index: Of which item; None for the task itself.
        """
        return self._passing.pop((name, index), None)

    def left_out(self, name: str) -> Detail | None:
        """Return what tells that output of the items of a map was left out, if it was."""
        self._of_items.pop(name, None)
        if name not in self._cut:
            return None
        cut, lines = self._cut.pop(name)
        return {"output": [], "cut": cut, "cut_lines": lines}
