"""`HeadAndTail`: the beginning and the end of a text of any length, in little memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    # When it was written, to which stream, and the text: all that went to one stream
    # with nothing in between, within a moment; of a log, one record.
    Piece = tuple[float, str, str]

MOST = 64 * 1024
"""How many characters are kept of the beginning, and as many of the end."""

PATIENCE_SECONDS = 1.0
"""How long a lock is waited for that a thread may hold which is not there."""

# What a piece takes beside its text.
_OVERHEAD = 64
_GATHERED = 16 * 1024
_TOGETHER = 0.02

_now = time.time


class HeadAndTail:
    """What was written, its end kept apart once the beginning is full.

    `add` may be called by any thread at any time, also in the middle of another call of
    it (by a signal, or the garbage collector): it only notes. What is noted is sorted
    when it is enough, and by whoever takes it.

    Attributes:
        cut: How many characters between the beginning and the end are left out.
        cut_lines: How many line ends were in them.
    """

    __slots__ = (
        "_lock",
        "_noted",
        "_noted_size",
        "_room",
        "_tail",
        "_tail_size",
        "_taken",
        "cut",
        "cut_lines",
    )

    def __init__(self) -> None:
        self._room = MOST
        self._noted: deque[Piece] = deque()
        self._noted_size = 0
        self._taken: list[Piece] = []  # of the head, to be taken next
        self._tail: deque[Piece] = deque()
        self._tail_size = 0
        self.cut = self.cut_lines = 0
        self._lock = threading.Lock()

    def add(self, stream: str, text: str) -> None:
        """Note what was written."""
        self._noted.append((_now(), stream, text))
        self._noted_size += len(text) + 8
        # Never waits: the handler of a signal may write while this very thread has the
        # lock, and a thread that had it may not be in a forked child.
        if self._noted_size > _GATHERED and self._lock.acquire(blocking=False):
            try:
                self._sort()
            finally:
                self._lock.release()

    def take(self) -> list[Piece]:
        """Return what is new of the beginning."""
        taken: list[Piece] = []
        with self._sorted():
            taken, self._taken = self._taken, taken
        return taken

    def rest(self) -> tuple[list[Piece], list[Piece]]:
        """Return what is new of the beginning, and the end; `cut` lies between them."""
        with self._sorted():
            taken, self._taken = self._taken, []
            tail, self._tail, self._tail_size = list(self._tail), deque(), 0
        return taken, tail

    def last(self, size: int) -> list[Piece]:
        """Return the last of the end, which stays; `[]` where the beginning is all.

        Args:
            size: The most characters.
        """
        found: list[Piece] = []
        with self._sorted():
            for when, stream, text in reversed(self._tail):
                if size <= 0:
                    break
                found.insert(0, (when, stream, text[-size:]))
                size -= len(text)
        return found

    @contextmanager
    def _sorted(self) -> Iterator[None]:
        # Bounded: in a forked child the lock may be that of a thread which is not there.
        held = self._lock.acquire(timeout=PATIENCE_SECONDS)
        try:
            if held:
                self._sort()
            yield
        finally:
            if held:
                self._lock.release()

    def _sort(self) -> None:
        self._noted_size = 0
        noted, texts = self._noted, list[str]()
        began, until, of = 0.0, 0.0, ""
        while noted:
            when, stream, text = noted.popleft()
            if stream != of or when > until or stream == "log":
                if texts:
                    self._keep(began, of, "".join(texts))
                    texts = []
                began, until, of = when, when + _TOGETHER, stream
            texts.append(text)
        if texts:
            self._keep(began, of, "".join(texts))

    def _keep(self, when: float, stream: str, text: str) -> None:
        room = max(0, self._room - _OVERHEAD)
        head, text = text[:room], text[room:]
        if head:
            self._taken.append((when, stream, head))
            self._room -= len(head) + _OVERHEAD
        if not text:
            return
        self._room = 0  # nothing shorter that comes later may stand before it
        if len(text) > MOST:
            self._drop(text[:-MOST])
            text = text[-MOST:]
        self._tail.append((when, stream, text))
        self._tail_size += len(text) + _OVERHEAD
        while self._tail_size - len(self._tail[0][2]) - _OVERHEAD >= MOST:
            _, _, lost = self._tail.popleft()
            self._tail_size -= len(lost) + _OVERHEAD
            self._drop(lost)

    def _drop(self, text: str) -> None:
        self.cut += len(text)
        self.cut_lines += text.count("\n")
