"""`Hub`: tells open pages what has changed, looking once for all of them."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from dotflow.abc.history import RunNotFound
from dotflow.logging import logger
from dotflow.types import WorkflowStatus
from dotflow_server.store import ago
from dotflow_server.views import run_rows

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Iterator

    from dotflow_server.models import RunRow
    from dotflow_server.store import Store

LOOK_SECONDS = 0.25
"""How often a run that is watched is looked at: no more than four updates a second."""

NOW_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 1000
_NEWEST = 200
_KEPT = 1000
_MOST_WAITING = 500


@dataclass(frozen=True, slots=True)
class Message:
    """What pages are told.

    Args:
        number: Its place among all messages of this process.
        event: `"run"`, `"now"`, `"hello"` or `"reset"`.
        data: What JSON can hold.
        run_id: Of which run; None where it is of none.
    """

    number: int
    event: str
    data: Any
    run_id: str | None = None


@dataclass(eq=False, slots=True)
class _Listener:
    runs: frozenset[str]
    queue: asyncio.Queue[Message] = field(
        default_factory=lambda: asyncio.Queue(_MOST_WAITING)
    )
    lost: bool = False

    def hears(self, message: Message) -> bool:
        return message.run_id is None or message.run_id in self.runs


class Hub:
    """Looks at the store while somebody listens, and at no other time.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._listeners: set[_Listener] = set()
        self._kept: deque[Message] = deque(maxlen=_KEPT)
        self._number = 0
        # Numbers of another process mean nothing here.
        self._process = secrets.token_hex(4)
        self._seen: dict[str, tuple[Any, ...]] = {}
        # How many runs there are of each status, and how schedules are.
        self._tallied: tuple[Any, ...] | None = None
        # By id: the status of the newest runs, and of those that go on.
        self._statuses: dict[str, str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def stop(self) -> None:
        """End all streams, so that the server can."""
        self._stopping = True

    async def stream(
        self, runs: Collection[str], last: str
    ) -> AsyncGenerator[str, None]:
        """Yield the messages for one page, as `text/event-stream` has them.

        Args:
            runs: The runs that it shows.
            last: The id of the last message that it has seen; empty for none.
        """
        listener = _Listener(frozenset(runs))
        with self._listening(listener):
            yield f"retry: {RETRY_MILLISECONDS}\n\n"
            yield self._text(Message(self._number, "hello", {"seq": self._number}))
            for message in self._missed(last, listener):
                yield self._text(message)
            quiet = 0.0
            while not self._stopping:
                try:
                    message = await asyncio.wait_for(listener.queue.get(), 1.0)
                except TimeoutError:
                    quiet += 1.0
                    if quiet >= HEARTBEAT_SECONDS:
                        quiet = 0.0
                        yield ": still here\n\n"
                    continue
                quiet = 0.0
                if listener.lost:
                    listener.lost = False
                    while not listener.queue.empty():
                        listener.queue.get_nowait()
                    message = Message(self._number, "reset", {})
                yield self._text(message)

    @contextmanager
    def _listening(self, listener: _Listener) -> Iterator[None]:
        self._listeners.add(listener)
        # What is new to this page is told to it at once.
        for watched in listener.runs:
            self._seen.pop(watched, None)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self._listeners.discard(listener)

    def _missed(self, last: str, listener: _Listener) -> list[Message]:
        """Return what a page has missed, or that it has to read all anew."""
        if not last:
            return []
        process, _, text = last.partition("-")
        oldest = self._kept[0].number if self._kept else self._number + 1
        if process != self._process or not text.isdecimal() or int(text) + 1 < oldest:
            return [Message(self._number, "reset", {})]
        return [
            one for one in self._kept if one.number > int(text) and listener.hears(one)
        ]

    def _text(self, message: Message) -> str:
        data = json.dumps(message.data, separators=(",", ":"))
        number = f"{self._process}-{message.number}"
        return f"id: {number}\nevent: {message.event}\ndata: {data}\n\n"

    async def _watch(self) -> None:
        turn = 0
        every = round(NOW_SECONDS / LOOK_SECONDS)
        while self._listeners and not self._stopping:
            runs = {run_id for one in self._listeners for run_id in one.runs}
            for run_id in self._seen.keys() - runs:
                del self._seen[run_id]
            try:
                found = await run_in_threadpool(self._look, runs, turn % every == 0)
            except Exception as error:  # noqa: BLE001 - the store may come back
                logger.warning("The pages are told nothing: %s", error)
                await asyncio.sleep(NOW_SECONDS)
                continue
            for message in found:
                self._tell(*message)
            turn += 1
            await asyncio.sleep(LOOK_SECONDS)

    def _look(
        self, runs: Collection[str], all_of_it: bool
    ) -> list[tuple[str, Any, str | None]]:
        """Return what has changed since the last look; in a thread."""
        history = self._store.history
        found: list[tuple[str, Any, str | None]] = []
        for run_id in sorted(runs):
            try:
                glance = history.glance(run_id)
            except RunNotFound:
                continue
            state = (glance.run.status, glance.seq, glance.items)
            if self._seen.get(run_id) == state:
                continue
            self._seen[run_id] = state
            [row] = run_rows(history, [glance.run])
            found.append(("run", _told(row, glance.seq), run_id))
        return found + self._changed() if all_of_it else found

    def _changed(self) -> list[tuple[str, Any, str | None]]:
        """Return what concerns pages that show many runs; in a thread."""
        history = self._store.history
        found: list[tuple[str, Any, str | None]] = []
        runs = {run.run_id: run for run in history.runs(limit=_NEWEST)}
        for run in history.runs(WorkflowStatus.IN_PROGRESS, limit=_NEWEST):
            runs.setdefault(run.run_id, run)
        before = self._statuses
        # Those that went on, and are no longer among the newest.
        for run_id, status in (before or {}).items():
            if status == WorkflowStatus.IN_PROGRESS and run_id not in runs:
                try:
                    runs[run_id] = history.glance(run_id).run
                except RunNotFound:
                    continue
        self._statuses = {run_id: run.status for run_id, run in runs.items()}
        if before is not None:
            changed = [
                run for run_id, run in runs.items() if before.get(run_id) != run.status
            ]
            rows = run_rows(history, changed)
            found += [("run", _told(row, None), None) for row in rows]
        counts = self._store.counts(since=ago(days=1))
        schedules = [
            (one.name, one.status, one.next_times, one.missed, one.paused)
            for one in self._store.all_schedules()
        ]
        if self._tallied != (counts, schedules):
            self._tallied = counts, schedules
            found.append(("now", {"counts": counts}, None))
        return found

    def _tell(self, event: str, data: Any, run_id: str | None) -> None:
        self._number += 1
        message = Message(self._number, event, data, run_id)
        self._kept.append(message)
        for listener in self._listeners:
            if listener.hears(message):
                try:
                    listener.queue.put_nowait(message)
                except asyncio.QueueFull:
                    listener.lost = True


def _told(row: RunRow, seq: int | None) -> dict[str, Any]:
    """Return a run as a message tells it; None for a `seq` that nobody looked at."""
    told = row.model_dump(mode="json")
    return {"run_id": row.run_id, "status": row.status, "seq": seq, "row": told}
