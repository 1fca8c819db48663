"""`Journal`: rows on their way to a database, in batches.

A chain of fast tasks would pay more for a transaction an event than for its work, and a
slow task must be seen while it runs. So whoever adds a row writes all that wait when the
last time is a while ago; if nobody comes, a thread does soon after. Where a write waits
for a network, the thread alone writes.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from dotflow.base.liveness import at_fork
from dotflow.history.rows import counts_row

if TYPE_CHECKING:
    from dotflow.history.rows import (
        CountsRows,
        EndRow,
        EndRows,
        EventRow,
        EventRows,
    )
    from dotflow.model.items import MapProgress
    from dotflow.model.run_info import RunInfo

    MapCounts = tuple[str, MapProgress]

EAGER_SECONDS = 0.05
LAZY_SECONDS = 0.1
BEAT_SECONDS = 5.0
FORK_SECONDS = 0.5
LOOK_SECONDS = 0.5
# What is kept of a run whose database refuses to take it.
MOST_ROWS = 100_000

# Held while a journal or its thread is made, and by whoever forks. It is taken before the
# lock of any journal, of which nobody else holds two.
_making = threading.Lock()
_journals: weakref.WeakSet[Journal] = weakref.WeakSet()
_held: list[threading.RLock | None] = []


class HistoryTable(Protocol):
    """What a journal writes to; each call is one transaction."""

    def begin(self, info: RunInfo) -> int:
        """Write that a run begins, and return its number."""

    def write(self, rows: EventRows, counts: CountsRows, ends: EndRows = ()) -> None:
        """Write rows of events, counts in place of older ones, and how runs ended."""

    def beat(self, runs: Sequence[int]) -> None:
        """Note that these runs go on."""


class RunRows:
    """The rows of one run that wait to be written.

    Args:
        run: Its number.
        report: Is told of failures to write.

    Attributes:
        rows: The rows of events.
        maps: How far mapped tasks are, by name, where it has changed: however many
            items end meanwhile, it is one row to write.
        end: How the run ended; None before.
        look: As of `RunInfo`.
    """

    __slots__ = ("end", "look", "maps", "report", "rows", "run")

    def __init__(self, run: int, report: Callable[[Exception], None]) -> None:
        self.run = run
        self.report = report
        self.rows: deque[EventRow] = deque()
        self.maps: dict[str, MapProgress] = {}
        self.end: EndRow | None = None
        self.look: Callable[[], None] | None = None


class Journal:
    """Collects the rows of runs and writes those of each in their order.

    Args:
        table: What it writes to.
        pace: Every how many seconds the thread writes, where nobody else is to wait for
            the table; None where it is fast enough for whoever adds a row.

    Attributes:
        due: From when on, in seconds since the epoch, whoever adds a row is to `flush`.
        nudged: Whether the thread knows that rows wait; whoever adds one is to `nudge`
            it if not.
    """

    def __init__(self, table: HistoryTable, pace: float | None = None) -> None:
        self._table = table
        self._apart = pace is not None
        self._eager = EAGER_SECONDS if pace is None else float("inf")
        self._lazy = LAZY_SECONDS if pace is None else pace
        with _making:
            self.forget()
            _journals.add(self)

    def forget(self) -> None:
        """Know of no run, as in a forked child: its rows are the parent's to write."""
        self.due = 0.0
        self.nudged = False
        # Held while rows are written, and by whoever forks: a child must not begin in the
        # middle of it, since it would wait for ever for the locks of SQLite, or of a
        # client. It is taken before any lock of the table.
        self._writing = threading.RLock()
        self._runs: list[RunRows] = []
        self._beaten = self._looked = 0.0
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()

    def begin(self, info: RunInfo, report: Callable[[Exception], None]) -> RunRows:
        """Write that a run begins, and return where to add its rows.

        Args:
            info: The run.
            report: Is told of failures to write.

        Raises:
            StorageError: Writing failed.
        """
        waiting = RunRows(self._table.begin(info), report)
        waiting.look = info.look
        self._beaten = time.monotonic()
        self.due = time.time() + self._eager  # a short run is one transaction more
        self._runs.append(waiting)
        self.nudge()  # its first row comes at once
        return waiting

    def flush(self) -> None:
        """Write all rows that wait.

        Raises:
            StorageError: Writing failed; the rows are kept for the next time.
        """
        with self._writing:
            taken: list[tuple[RunRows, list[EventRow], list[MapCounts]]] = []
            try:
                for waiting in list(self._runs):
                    rows: list[EventRow] = []
                    maps: list[MapCounts] = []
                    taken.append((waiting, rows, maps))
                    # Taken before it is read: what changes after that comes again.
                    while waiting.maps:
                        maps.append(waiting.maps.popitem())
                    while waiting.rows:
                        rows.append(waiting.rows.popleft())
                every = [row for _, rows, _ in taken for row in rows]
                counts = [
                    counts_row(waiting.run, task, progress)
                    for waiting, _, maps in taken
                    for task, progress in maps
                ]
                ends = [run.end for run in self._runs if run.end is not None]
                if every or counts or ends:
                    self._table.write(every, counts, ends)
            except BaseException:
                for waiting, rows, maps in taken:
                    waiting.rows.extendleft(reversed(rows[:MOST_ROWS]))
                    waiting.maps.update(maps)
                raise
            finally:
                self.due = time.time() + self._eager

    def nudge(self) -> None:
        """See to it that rows which wait are written soon, whatever comes next."""
        self.nudged = True
        self._wake.set()
        if self._thread is None:
            with _making:  # not in the middle of a fork
                if self._thread is None:
                    self._start_thread()

    def end(
        self, waiting: RunRows, status: str, finished: float, duration: float
    ) -> None:
        """Write the last rows of a run and how it ended.

        After the last run the thread is gone.

        Raises:
            StorageError: Writing failed; the rows are lost.
        """
        waiting.end = (status, finished, duration, waiting.run)
        try:
            self.flush()
        except Exception:
            # It is no crashed run for want of its rows.
            self._table.write((), (), (waiting.end,))
            raise
        finally:
            self._runs.remove(waiting)
            if not self._runs:
                self._stop_thread()

    def pause(self) -> None:
        """Write what waits, and have no thread until the next row comes."""
        if self._thread is None:
            return
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self._report(error)
        self._stop_thread()

    def rest(self) -> None:
        """Have no thread while a fork takes place."""
        if self._apart:
            # What waits goes on waiting, and so does a thread whose server hangs: the
            # child uses no client of its parent's, and a fork is not held up.
            self._stop_thread(FORK_SECONDS)
        else:
            self.pause()

    def hold(self) -> threading.RLock | None:
        """Have nothing written until what is returned is released; None if it hangs."""
        free = self._writing.acquire(timeout=FORK_SECONDS if self._apart else -1)
        return self._writing if free else None

    def go_on(self) -> None:
        """Have a thread again, which tells of runs that they go on."""
        if self._runs:
            self.nudge()

    def _start_thread(self) -> None:
        self._stop = threading.Event()
        thread = threading.Thread(
            target=self._serve, args=(self._stop,), name="dotflow-history", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            self.nudged = False
            return  # the program ends: rows are written with the next ones
        self._thread = thread

    def _stop_thread(self, timeout: float | None = None) -> None:
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        self._stop.set()
        self._wake.set()
        thread.join(timeout)
        self._thread = None
        self.nudged = False

    def _serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            looks = [run.look for run in list(self._runs) if run.look is not None]
            # Where the table is apart, so is what is looked for, and each look is dear.
            pause = LOOK_SECONDS if looks and not self._apart else BEAT_SECONDS
            if self._wake.wait(pause):
                stop.wait(self._lazy)
            if stop.is_set():
                return
            try:
                if time.time() >= self.due or self._clock_was_set():
                    # In this order: a row that comes in between is written below, or
                    # wakes the thread again.
                    self._wake.clear()
                    self.nudged = False
                    self.flush()
                self._beat()
                if time.monotonic() - self._looked >= pause:
                    self._looked = time.monotonic()
                    for look in looks:
                        look()
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self._report(error)

    def _clock_was_set(self) -> bool:  # or nobody else ever writes
        return self.due - time.time() > 2 * EAGER_SECONDS

    def _beat(self) -> None:
        if time.monotonic() - self._beaten >= BEAT_SECONDS:
            self._beaten = time.monotonic()
            with self._writing:
                self._table.beat([waiting.run for waiting in list(self._runs)])

    def _report(self, error: Exception) -> None:
        for waiting in list(self._runs):
            waiting.report(error)


def _before_fork() -> None:
    # A program with threads must not fork: the journals' own end, and begin again after.
    for journal in list(_journals):
        journal.rest()
    _making.acquire()
    _held.extend([journal.hold() for journal in list(_journals)])


def _after_fork_in_parent() -> None:
    while _held:
        lock = _held.pop()
        if lock is not None:
            lock.release()
    _making.release()
    for journal in list(_journals):
        journal.go_on()


def _after_fork_in_child() -> None:
    global _making
    _making = threading.Lock()  # the parent's has an owner that is not here
    _held.clear()
    for journal in list(_journals):
        journal.forget()


at_fork(_before_fork, _after_fork_in_parent, _after_fork_in_child)
