"""`Reports`: brings the events of runs to a server, from a thread in the background.

Whatever the server does, no run waits: its events are in a durable history first, and from
there they go, in order, until the server has written them down. What a process could not
bring any more, the next one does.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

from dotflow.abc.history import RunNotFound
from dotflow.base.liveness import at_fork
from dotflow.base.masking import mask
from dotflow.delivery.leaving import at_exit
from dotflow.delivery.sender import Refused, Unreachable
from dotflow.history.journal import LAZY_SECONDS
from dotflow.providers.reporting.channel import (
    Channel,
    NotOffered,
    RunUnknown,
    TooLarge,
)
from dotflow.providers.reporting.source import Source, has_database, spool
from dotflow.providers.reporting.told_run import BEGIN_SECONDS, ToldRun
from dotflow.providers.reporting.values import SentValues
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from dotflow.abc.history import Recorder
    from dotflow.abc.server import Cancel
    from dotflow.abc.storage import Storage
    from dotflow.model.run_info import RunInfo

PACE_SECONDS = 0.5
BEAT_SECONDS = 3.0
OFFER_SECONDS = 5.0
"""How long to wait for the server to say that it takes events, before it is asked."""

_HURRY_SECONDS = 0.05
# How long a request that was broken off may take to end.
_ABORT_SECONDS = 0.2
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0
_FORK_SECONDS = 0.5

# Held while a database is read, and by whoever forks: a child must not begin in the
# middle of it, since it would wait for ever for the locks of SQLite.
_reading = threading.RLock()


class Reports:
    """The runs that a server is told of, and the thread that does.

    Args:
        server: The address of the API.
        headers: Sent with every request.
        timeout: Seconds that a request may take.
        send_values: Whether results travel, too.

    Attributes:
        offered: Whether the server takes events; None until it has said so.
    """

    def __init__(
        self,
        server: str,
        headers: dict[str, str],
        timeout: float,
        send_values: bool = False,
    ) -> None:
        self._server = server
        self._send_values = send_values
        self._headers = headers
        self._timeout = timeout
        self.offered: bool | None = None
        self._runs: list[ToldRun] = []
        # By place: when to look there for runs of former processes, on the monotonic clock.
        self._visits: dict[str, float] = {}
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._channel: Channel | None = None
        self._spool: Source | None = None
        self._stopped = False
        self._hurry = False
        self._asked = False
        self._began = time.monotonic()
        self._pid = os.getpid()
        self._warned: set[object] = set()
        at_exit(self)

    @property
    def here(self) -> bool:
        """Whether it is of this process, and not of the one that forked it."""
        return self._pid == os.getpid()

    def offer(self, takes: bool) -> None:
        """Note whether the server takes events, which it says once."""
        with self._changed:
            if self.offered is None:
                self.offered = takes
                self._changed.notify_all()

    def ask(self) -> None:
        """Ask the server for itself: it does not say what it takes."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()

    @property
    def keeps(self) -> bool:
        """Whether all that there is to tell is kept until the server has taken it."""
        return bool(self._runs) if self.offered is None else self.offered

    def follow(
        self, info: RunInfo, storage: Storage, written: bool, cancel: Cancel
    ) -> Recorder | None:
        """Tell the server of a run from now on.

        Args:
            info: The run.
            storage: Its storage.
            written: Whether its history is written there.
            cancel: Ends it, where somebody asks for that at the server.

        Returns:
            What is to hear its events, where its own history does not.
        """
        if self.offered is False:
            return None
        recorder: Recorder | None = None
        values: SentValues | None = None
        if written and has_database(storage):
            source = Source(storage, self._server)
        else:
            if self._spool is None:
                self._spool = spool(self._server)
            source = self._spool
            recorder = source.history.recorder(info)
        if self._send_values:
            recorder = values = SentValues(recorder)
        source.owe(info.run_id)
        with self._changed:
            self._runs.append(ToldRun(info.run_id, source, cancel, values))
            self._start()
        return recorder

    def flush(self, timeout: float) -> bool:
        """Wait until the server knows all that has happened so far.

        Args:
            timeout: The most seconds to wait.

        Returns:
            Whether it does; the rest is kept, and told later.
        """
        # What has just happened is in the history a moment later.
        now = time.monotonic() + LAZY_SECONDS * 2
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            try:
                return self._changed.wait_for(
                    lambda: all(run.current > now for run in self._runs), timeout
                )
            finally:
                self._hurry = False

    def close(self, timeout: float) -> bool:
        """Tell what is left, at most for `timeout` seconds, and stop."""
        done = self.flush(timeout)
        if not done and self.keeps:
            self._warn_of_kept("it has not taken all in time")
        with self._changed:
            self._stopped, thread, channel = True, self._thread, self._channel
            self._changed.notify_all()
        if thread is not None and thread is not threading.current_thread():
            if channel is not None and not done:
                channel.abort()
            thread.join(_ABORT_SECONDS)
        if self._spool is not None:
            self._spool.storage.close()
        return done

    def begin_leaving(self) -> None:
        """Hurry: the program ends."""
        if self.here:
            with self._changed:
                self._hurry = True
                self._changed.notify_all()

    def leave(self, deadline: float) -> None:
        """Close at the exit of the program; see `dotflow.delivery.leaving`."""
        if self.here:
            self.close(max(0.0, deadline - _ABORT_SECONDS - time.monotonic()))

    def _start(self) -> None:
        self._changed.notify_all()
        if self._thread is None and not self._stopped:
            thread = threading.Thread(
                target=self._work, name="dotflow-reports", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                return  # the program ends; the next one tells of the run
            self._thread = thread

    def _work(self) -> None:
        delay = 0.0
        while self._wait(delay):
            try:
                delay = self._round(delay)
            except Exception as error:  # noqa: BLE001 - the thread outlives any run
                self._warn(type(error), f"{type(error).__name__}.")
                delay = _LONGEST_DELAY

    def _wait(self, delay: float) -> bool:
        """Wait for something to do; end the thread where there is nothing."""
        with self._changed:
            if self.offered is None:
                left = self._began + OFFER_SECONDS - time.monotonic()
                self._changed.wait_for(
                    lambda: (
                        self.offered is not None
                        or self._stopped
                        or (self._asked and not delay)
                    ),
                    max(left, delay),
                )
            else:
                pause = _HURRY_SECONDS if self._hurry else PACE_SECONDS
                self._changed.wait_for(lambda: self._stopped, delay or pause)
            if self._runs and not self._stopped:
                return True
            self._thread = None
            self._changed.notify_all()
            return False

    def _round(self, delay: float) -> float:
        """Bring what there is of every run; return for how long to leave it alone."""
        if self.offered is False:
            self._give_up()
            return 0.0
        if self._channel is None:
            self._channel = Channel(self._server, self._headers, self._timeout)
        with self._changed:
            runs = list(self._runs)
        for run in runs:
            try:
                while self._bring(run, self._channel):
                    pass
            except Unreachable as error:
                self._warn_of_kept(str(error))
                pause = min(max(delay * 2, _FIRST_DELAY), _LONGEST_DELAY)
                return max(pause, min(error.wait, 10 * _LONGEST_DELAY))
            except NotOffered:
                self._give_up()
                return 0.0
            except Refused as error:
                self._warn(error.kind, str(error))
                self._forget(run)
            except RunNotFound:
                # It is about to begin; or retention, or a user, has removed it.
                if run.begun or run.left or time.monotonic() > run.awaited:
                    self._forget(run)
            else:
                self.offered = True
                # First, so that whoever waits for this run waits for those as well.
                self._visit(run.source)
                if run.ended:
                    self._forget(run)
                with self._changed:
                    self._changed.notify_all()
        return 0.0

    def _bring(self, run: ToldRun, channel: Channel) -> bool:
        """Bring the next events of a run, and say whether there may be more."""
        now = time.monotonic()
        with _reading:
            stored = run.source.history.stored(run.run_id, run.known, run.most)
        run.begun = True
        rows = stored.rows
        full = len(rows) == run.most
        ends = not full and (run.left or stored.columns["finished"] is not None)
        news = rows or not run.told or ends or stored.maps != run.maps
        if not news and now - run.beaten < BEAT_SECONDS:
            run.current = now
            return False
        columns = stored.columns
        if not ends and columns["finished"] is not None:
            # It has ended once all of it is told.
            columns = {**columns, "status": WorkflowStatus.IN_PROGRESS}
            columns |= {"finished": None, "duration": None}
        batch = {
            "run": columns if ends or not run.told else None,
            "events": [list(row) for row in rows]
            if run.values is None
            else [run.values.added(row) for row in rows],
            "maps": stored.maps,
        }
        try:
            answer = channel.post(run.run_id, batch)
        except RunUnknown:
            run.known, run.told = 0, False
            return True
        except TooLarge:
            if run.most == 1:
                raise Refused("it takes no event of that size.", "size") from None
            run.most = max(1, min(run.most, len(rows)) // 4)
            return True
        if run.values is not None:
            run.values.forget(rows)
        run.told, run.beaten, run.maps = True, now, stored.maps
        run.known = rows[-1][0] if rows else run.known
        run.ended = ends
        run.current = run.current if full else now
        if answer.next == 1 and run.known:
            run.known, run.ended = 0, False  # the server has lost what it knew
            return True
        if answer.cancel is not None and run.cancel is not None and not run.cancelled:
            run.cancelled = True
            run.cancel(answer.cancel)
        return full

    def _visit(self, source: Source) -> None:
        """Take up what former processes have owed the server.

        Once for each place; again where another process may still bring its own.
        """
        place, now = source.history.place, time.monotonic()
        if now < self._visits.get(place, 0.0):
            return
        self._visits[place] = float("inf")
        with _reading:
            for run_id in source.owed():
                if any(run.run_id == run_id for run in self._runs):
                    continue
                try:
                    status = source.history.glance(run_id).run.status
                except RunNotFound:
                    # Maybe it is about to begin, there.
                    self._visits[place] = now + BEGIN_SECONDS
                    continue
                if status == WorkflowStatus.IN_PROGRESS:
                    self._visits[place] = now + BEGIN_SECONDS
                    continue
                with self._changed:
                    self._runs.append(ToldRun(run_id, source))

    def _forget(self, run: ToldRun) -> None:
        """Have no more to do with a run, of which the server knows all, or never will."""
        with _reading:
            run.source.settle(run.run_id)
        with self._changed:
            self._runs.remove(run)
            self._changed.notify_all()

    def _give_up(self) -> None:
        """Tell of runs by the calls of dotflow 1.x alone, from now on."""
        self.offered = False
        for run in list(self._runs):
            self._forget(run)
        if self._spool is not None:
            self._spool.storage.close()

    def _warn_of_kept(self, why: str) -> None:
        """Warn, once for all reasons: where runs wait, and for what."""
        with self._changed:
            places = sorted({mask(run.source.history.place) for run in self._runs})
        self._warn(
            "kept",
            f"{why}. Nothing is lost: their events are in {', '.join(places)}, and are"
            " told as soon as it takes them, if need be by the next run from here.",
        )

    def _warn(self, what: object, text: str) -> None:
        """Warn, once for each kind of problem."""
        if what not in self._warned and not self._stopped:
            self._warned.add(what)
            from dotflow.logging import warn

            warn("The server is not told of runs for now: %s", text)


def _before_fork() -> None:
    global _held
    _held = _reading.acquire(timeout=_FORK_SECONDS)


def _after_fork_in_parent() -> None:
    if _held:
        _reading.release()


def _after_fork_in_child() -> None:
    global _reading
    _reading = threading.RLock()


_held = False
at_fork(_before_fork, _after_fork_in_parent, _after_fork_in_child)
