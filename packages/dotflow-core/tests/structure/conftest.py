"""Counts the way of a run through dotflow's files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import dotflow

if TYPE_CHECKING:
    from types import FrameType

ROOT = str(Path(dotflow.__file__).parent)


class Walk:
    """The way of one run, in the thread that runs it.

    Attributes:
        calls: How often functions of each file of dotflow were called.
        hops: How often a call or a return led from one of them into another.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.hops = 0
        self._stack: list[str] = []

    def record(self, run: Callable[[], object]) -> None:
        """Run something and count."""
        sys.setprofile(self._note)
        try:
            run()
        finally:
            sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event not in ("call", "return") or not file.startswith(ROOT):
            return
        if event == "call":
            self.calls[file] += 1
            self._stack.append(file)
        elif self._stack:
            self._stack.pop()
        before = file if event == "return" else self._outer()
        after = self._stack[-1] if self._stack else ""
        self.hops += bool(before and after and before != after)

    def _outer(self) -> str:
        return self._stack[-2] if len(self._stack) > 1 else ""


def _shortest(make: Callable[[int], Callable[[], object]]) -> Walk:
    """Return the way of the shortest of a few runs, after one that is not counted.

    The first one imports what is imported late. Others now and then write rows of the
    history that else a thread writes, or collect garbage.

    Args:
        make: Given a number, returns what starts a new run.
    """
    make(0)()
    walks = []
    for number in range(1, 5):
        walk = Walk()
        walk.record(make(number))
        walks.append(walk)
    return min(walks, key=lambda walk: walk.hops)


@pytest.fixture
def shortest() -> Callable[[Callable[[int], Callable[[], object]]], Walk]:
    """Return what counts the way of a run; see `_shortest`."""
    return _shortest
