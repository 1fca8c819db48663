"""`KeptRuns`: which runs in memory keep their results, and which are let go."""

from __future__ import annotations

import threading
from collections import deque
from itertools import count

RESUMABLE = 10
"""For how many later runs one that did not succeed keeps what a resume would take."""
LONGEST_BATCH = 16
"""How many runs of one batch keep their results, if `keep` is no more."""
RECORDS = 10_000
"""Of how many tasks the status stays in runs that have let go of their results."""

# The runs that let go of their results, and those that nothing is to be known of.
LetGo = tuple[list[str], list[str]]


class Batch:
    """Runs that count as one: of one `run_many`, or a run and those that resumed it.

    Args:
        dag: What they are runs of; None as long as there is none.
    """

    __slots__ = ("begun", "dag", "ended", "failed", "later", "open", "runs")

    def __init__(self, dag: str | None = None) -> None:
        self.dag = dag
        self.begun = self.ended = 0
        self.failed = False
        # How many others have ended that began after its end.
        self.later = 0
        # How many go on in it, or may begin.
        self.open = 0
        self.runs: deque[str] = deque()


class KeptRuns:
    """Tells which of the runs that have ended are to be let go of.

    A run is let go once `keep` others of its DAG have ended that began after its end. So
    runs that go on beside each other all stay, until there are newer ones.

    Args:
        keep: How many are kept; None for all.
    """

    def __init__(self, keep: int | None) -> None:
        self._keep = keep
        # Several threads may each run the same pipeline.
        self._lock = threading.Lock()
        self._clock = count(1)
        self._batches: dict[str, Batch] = {}
        self._ended: list[Batch] = []
        self._sizes: dict[str, int] = {}
        self._bare: deque[str] = deque()
        self._bare_size = 0

    def batch(self) -> Batch:
        """Return what runs may join to count as one; it lasts until `close`."""
        with self._lock:
            batch = Batch()
            self._open(batch)
        return batch

    def begin(self, run_id: str, dag: str, former: str | None) -> None:
        """Take note of a run that begins; it counts as one with a former one."""
        if self._keep is None:
            return
        with self._lock:
            known = None if former is None else self._batches.get(former)
            batch = self._batches[run_id] = known or Batch(dag)
            self._open(batch)

    def join(self, run_id: str, batch: Batch) -> None:
        """Count a run that has begun to a batch."""
        if self._keep is None:
            return
        with self._lock:
            batch.dag = self._batches[run_id].dag
            self._batches[run_id] = batch
            self._open(batch)

    def end(self, run_id: str, failed: bool, tasks: int) -> LetGo:
        """Take note of the end of a run.

        Args:
            run_id: The run.
            failed: Whether it can be resumed.
            tasks: How many there are in it.
        """
        with self._lock:
            batch = self._batches.get(run_id)
            if batch is None:
                return [], []
            self._sizes[run_id] = tasks + 2  # the run itself takes room as two do
            batch.runs.append(run_id)
            batch.failed |= failed
            # Of a batch that never ends not all can stay.
            surplus = len(batch.runs) - max(self._keep or 0, LONGEST_BATCH)
            gone = [batch.runs.popleft() for _ in range(surplus)]
            return self._let_go(gone + self._close(batch))

    def has_let_go(self, run_id: str) -> bool:
        """Say whether the results of a run are gone, which is known all the same."""
        return run_id in self._sizes and run_id not in self._batches

    def close(self, batch: Batch) -> LetGo:
        """Take note that no more runs will join a batch."""
        with self._lock:
            return self._let_go(self._close(batch))

    def _open(self, batch: Batch) -> None:
        batch.open += 1
        if batch.open == 1:
            batch.begun, batch.later = next(self._clock), 0
            if batch in self._ended:
                self._ended.remove(batch)

    def _close(self, batch: Batch) -> list[str]:
        batch.open -= 1
        if batch.open or not batch.runs:
            return []
        keep, gone = self._keep or 0, list[str]()
        for other in list(self._ended):
            if other.dag == batch.dag:
                other.later += batch.begun > other.ended
                if other.later >= (max(keep, RESUMABLE) if other.failed else keep):
                    self._ended.remove(other)
                    gone.extend(other.runs)
        batch.ended = next(self._clock)
        self._ended.append(batch)
        return gone

    def _let_go(self, gone: list[str]) -> LetGo:
        unknown = []
        for run_id in gone:
            del self._batches[run_id]
            self._bare.append(run_id)
            self._bare_size += self._sizes[run_id]
        while self._bare_size > RECORDS:
            run_id = self._bare.popleft()
            self._bare_size -= self._sizes.pop(run_id)
            unknown.append(run_id)
        return gone, unknown
