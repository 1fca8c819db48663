"""`Ingesting`: takes the runs that other machines report, in whatever order it comes."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter

from dotflow.engine.control import CancelRequests
from dotflow.history.sql_history import SQLHistory
from dotflow.history.stored_run import StoredRun
from dotflow_server.checking import (
    MOST_EVENTS,
    check_run_id,
    columns_of,
    counts_of,
    event_of,
    malformed,
    name_of,
)
from dotflow_server.problems import Refusal

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

_KNOWN_RUNS = 10_000
_WRITERS = 8
# A request to cancel is left in the store, maybe by another process: how often to look.
_LOOK_SECONDS = 1.0
# For how long a runner that tells nothing between changes counts as alive.
_SILENCE_SECONDS = 86400.0


@dataclass(slots=True)
class Batch:
    """What a runner tells of a run.

    Args:
        run: What is known of the run itself, by `RUN_COLUMNS`; None for no news.
        events: Rows, each by `EVENT_COLUMNS`.
        maps: How far mapped tasks are, by name.
    """

    run: dict[str, Any] | None = None
    events: list[list[Any]] = field(default_factory=list)
    maps: dict[str, list[Any]] = field(default_factory=dict)


class Ingesting:
    """Writes what comes into a store, once, however often it comes.

    Args:
        storage: The server's own, with a database.

    Attributes:
        turns: Bounds how many threads wait to write.
    """

    def __init__(self, storage: Storage) -> None:
        history = storage.history
        assert isinstance(history, SQLHistory)
        self._storage = storage
        self._history = history
        self._lock = Lock()
        # Who waits to write takes no thread of those who read.
        self.turns = CapacityLimiter(_WRITERS)
        # One after the other: SQLite lets whoever waits sleep, and longer each time.
        self._writing = Lock()
        # By run: the first event that is missing, and when and what was asked of it.
        self._next: OrderedDict[str, int] = OrderedDict()
        self._asked: OrderedDict[str, tuple[float, str | None]] = OrderedDict()

    def take(self, run_id: str, batch: Batch, silent: bool = False) -> int:
        """Write a batch durably, and return the number of the first missing event.

        Args:
            run_id: The run.
            batch: Its events, in any order, known ones among them.
            silent: Whether its runner tells nothing while nothing changes.

        Raises:
            Refusal: It is malformed; or nothing is known of the run, and nothing told.
        """
        run = _checked(run_id, batch)
        heard = time.time() + (_SILENCE_SECONDS if silent else 0.0)
        with self._writing:
            known = self._next.get(run_id, 1)
            missing = self._history.table.receive(run, known, heard)
        if missing is None:
            with self._lock:
                self._next.pop(run_id, None)  # its events are told from the first on
            raise Refusal(
                409,
                "unknown_run",
                f"Nothing is known of run {run_id}: send what it is with its events.",
            )
        with self._lock:
            _remember(self._next, run_id, missing)
        return missing

    def end(self, run_id: str, status: str, finished: float) -> None:
        """Write how a run ended."""
        began = self._history.glance(run_id).run.started.timestamp()
        end = {"status": status, "finished": finished}
        end["duration"] = max(0.0, finished - began)
        self._history.table.receive(StoredRun({"run_id": run_id, **end}))

    def asked(self, run_id: str) -> str | None:
        """Return why somebody asks for the end of a run; None where nobody does."""
        when, reason = self._asked.get(run_id, (0.0, None))
        now = time.monotonic()
        if reason is None and (not when or now - when > _LOOK_SECONDS):
            reason = CancelRequests(self._storage, run_id).read()
            with self._lock:
                _remember(self._asked, run_id, (now, reason))
        return reason


def _remember(known: OrderedDict[str, Any], run_id: str, value: Any) -> None:
    known[run_id] = value
    known.move_to_end(run_id)
    if len(known) > _KNOWN_RUNS:
        known.popitem(last=False)


def _checked(run_id: str, batch: Batch) -> StoredRun:
    """Return a batch as what a store takes.

    Raises:
        Refusal: It is malformed.
    """
    check_run_id(run_id)
    if len(batch.events) > MOST_EVENTS:
        raise malformed(f"a batch has at most {MOST_EVENTS} events")
    told = batch.run
    return StoredRun(
        {"run_id": run_id} if told is None else columns_of(run_id, told),
        [event_of(row) for row in batch.events],
        {name_of(task, "map"): counts_of(one) for task, one in batch.maps.items()},
    )
