"""What a step prints and logs: gathered for its attempt, and told in batches."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager

from dotflow.base.courier import Courier
from dotflow.base.guard import called
from dotflow.base.head_and_tail import PATIENCE_SECONDS, HeadAndTail
from dotflow.engine.telling import WorkerOutlet, is_heard, tell_of
from dotflow.model.events import TaskOutput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotflow.base.head_and_tail import Piece
    from dotflow.model.task import Attempt

# So many texts a worker process tells at once, and one more with each time that passes:
# it may be killed at any moment, and what it printed last says why. A flood is told in
# batches.
BURST = 20
AGAIN_SECONDS = 0.1
# Once the beginning is full, it tells so often how it goes on, and so much of it: all that
# there is if it is killed.
PASSING_SECONDS = 0.5
PASSING = 4096


class AttemptOutput(HeadAndTail):
    """What an attempt has printed and logged.

    Args:
        attempt: The attempt, to which somebody listens.
    """

    __slots__ = (
        "_attempt",
        "_burst",
        "_eager",
        "_last",
        "_last_passing",
        "_turn",
        "_waits",
    )

    def __init__(self, attempt: Attempt) -> None:
        super().__init__()
        self._attempt = attempt
        self._eager = isinstance(attempt.outlet, WorkerOutlet)
        self._burst = BURST
        self._last = self._last_passing = 0.0
        self._waits = False
        self._turn = threading.RLock()
        attempt.before_end(self.finish)

    def hear(self, stream: str, text: str) -> None:
        """Take note of what was written."""
        if type(text) is not str:
            text = str.__str__(text)  # past methods of the user's own
        self.add(stream, text)
        if self._waits and not (self._eager and self._burst):
            return  # as most of a flood
        if self._eager and text.endswith("\n") and self._may_burst():
            called(self.tell)  # whoever prints is to notice nothing
        elif not self._waits:
            self._wait()

    def _wait(self) -> None:
        self._waits = True
        _waiting.append(self)
        courier.wake()

    def _may_burst(self) -> bool:
        now = time.monotonic()
        more = int((now - self._last) / AGAIN_SECONDS)
        self._last = now
        self._burst = max(0, min(BURST, self._burst + more) - 1)
        return self._burst > 0

    def tell(self) -> None:
        """Tell what is new."""
        self._waits = False  # before it is taken: what comes meanwhile waits anew
        with self._in_turn():
            pieces = self.take()
            if pieces or not (self._eager and self._tail):
                self._tell(pieces)
            elif time.monotonic() - self._last_passing < PASSING_SECONDS:
                self._wait()
            else:
                self._last_passing = time.monotonic()
                self._tell(self.last(PASSING), self.cut, self.cut_lines, passing=True)

    def finish(self) -> None:
        """Tell what is left, the end of it too."""
        with self._in_turn():
            taken, end = self.rest()
            self._tell(taken)
            self._tell(end, self.cut, self.cut_lines)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        # Two threads that take pieces are to tell them in that order. Bounded, as in
        # `_sorted`; an RLock, since the handler of a signal may print in here.
        held = self._turn.acquire(timeout=PATIENCE_SECONDS)
        try:
            yield
        finally:
            if held:
                self._turn.release()

    def _tell(
        self, pieces: list[Piece], cut: int = 0, lines: int = 0, passing: bool = False
    ) -> None:
        if not pieces:
            return
        detail: dict[str, object] = {"output": pieces}
        if cut:
            detail |= {"cut": cut, "cut_lines": lines}
        if passing:
            detail["passing"] = True
        tell_of(self._attempt, TaskOutput, detail)


_waiting: deque[AttemptOutput] = deque()


def _tell_waiting() -> None:
    for _ in range(len(_waiting)):  # some wait again
        called(_waiting.popleft().tell)


courier = Courier(_tell_waiting)
"""Tells what attempts have printed and nobody was told of yet."""


def hear(attempt: Attempt, stream: str, text: str) -> None:
    """Take note of what was written in an attempt, if anybody listens.

    It neither raises nor waits.

    Args:
        attempt: The attempt.
        stream: `"stdout"`, `"stderr"` or `"log"`.
        text: What was written, after the stream has taken it.
    """
    output = attempt.output
    if output is None:
        if not is_heard(attempt, TaskOutput):
            return
        output = attempt.output = AttemptOutput(attempt)
    output.hear(stream, text)
