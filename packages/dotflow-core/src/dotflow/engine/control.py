"""`Control`: what ends a run early; `OtherRuns`: those beside it, also of other processes.

Both in one file, since each is most of what the other one asks.
"""

from __future__ import annotations

import threading
import time

from dotflow.base.guard import Interruption
from dotflow.engine import clock
from dotflow.errors import SwapNotSupported
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Self
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.engine.lease import Lease
    from dotflow.model.events import EventBus
    from dotflow.model.options import RunOptions

_CANCEL = "_cancel"
POLL_SECONDS = 0.5
# How often a request to cancel is looked for where each look is a request to a cloud.
SELDOM_SECONDS = 10.0


class RunCancelled(Interruption):
    """Ends a run from within."""


def is_interruption(kind: type[BaseException]) -> bool:
    """Say whether somebody has ended the run: by Ctrl-C, or by its coroutine's task."""
    return issubclass(kind, KeyboardInterrupt) or kind.__name__ == "CancelledError"


class Control:
    """Knows whether a run is to end early, and why.

    Args:
        deadline: Seconds from now until the run is cancelled; None for no bound.
        requested: Tells whether another process asks for it; None where none can.

    Attributes:
        clock: What the run goes by.
        until: The end of its time on that clock; None for no bound.
        real_until: The same by `time.monotonic`: under a fake clock a step may block for
            ever.
        awaited: Whether somebody else may end it: a deadline, or another process.
        interrupted: Whether Ctrl-C or SIGTERM ends it.
        ending: Whether what ran is being stopped, which takes seconds at most.
    """

    def __init__(
        self,
        deadline: float | None = None,
        requested: Callable[[], str | None] | None = None,
    ) -> None:
        self.reason: str | None = None
        self.interrupted = self.ending = False
        self._patient = False
        self.awaited = deadline is not None or requested is not None
        self._requested = requested
        self.clock = clock.current
        self.until: float | None = None
        self.real_until: float | None = None
        if deadline is not None:
            self.until = self.clock.monotonic() + deadline
            self.real_until = time.monotonic() + deadline
        self._deadline = deadline
        self._next_poll = time.monotonic() + POLL_SECONDS
        self._interrupt: Callable[[type[BaseException]], None] | None = None
        self._over = False
        self._ended: threading.Event | None = None  # once somebody watches
        self._watcher: threading.Thread | None = None

    def cancel(self, reason: str, interrupt: bool = True) -> None:
        """End the run as soon as possible; from any thread, more than once at will.

        Args:
            reason: Why; the first one counts.
            interrupt: Whether to stop a step that blocks the loop, too.
        """
        self._patient = False
        if self.reason is None:
            self.reason = reason
        if interrupt and self._interrupt is not None:
            self.stop_step(RunCancelled)
            # Again: it may have come just before a step, or a step may swallow it.
            self._begin_watching()

    def stop_step(self, error: type[BaseException]) -> None:
        """Raise an exception in a step that holds up the loop; from any thread.

        Args:
            error: The exception.
        """
        stop = self._interrupt
        if stop is not None:
            stop(error)

    def wind_down(self, reason: str) -> None:
        """Begin nothing more, and let what runs end; `cancel` may follow.

        It never waits, so a handler of a signal may call it.

        Args:
            reason: As of `cancel`.
        """
        if self.reason is None:
            self._patient = True
            self.reason = reason

    def interrupt(self) -> None:
        """End the run with KeyboardInterrupt; a handler of a signal may call it."""
        self.interrupted, self._patient = True, False
        if self.reason is None:
            self.reason = "it was interrupted"

    def check(self, running: int = 0) -> bool:
        """Raise if the run is to end; asks other processes at most every half second.

        Args:
            running: How many attempts are in flight.

        Returns:
            Whether the run ends with those: nothing more is to begin.

        Raises:
            RunCancelled: It is; the message is the reason.
            KeyboardInterrupt: The same, where it was interrupted.
        """
        if self.reason is None:
            self.poll()
        if self.reason is None:
            return False
        if self._patient and running:
            return True
        if self.interrupted:
            raise KeyboardInterrupt
        raise RunCancelled(self.reason)

    def bound(self, wait: float | None) -> float:
        """Return the longest time that the loop may wait before it checks again."""
        # Bounded always: `cancel` may come from a thread at any moment.
        if self.real_until is not None:
            left = max(0.0, self.real_until - time.monotonic())
            wait = left if wait is None else min(wait, left)
        return POLL_SECONDS if wait is None else min(wait, POLL_SECONDS)

    def poll(self, at_once: bool = False) -> None:
        """Note a deadline that has passed, or the request of another process.

        Args:
            at_once: Whether to ask other processes however short a time ago that was.
        """
        now = time.monotonic()
        if self._is_over(now):
            self.reason = f"its deadline of {self._deadline:g} s has passed"
        elif self._requested is not None and (at_once or now >= self._next_poll):
            self._next_poll = now + POLL_SECONDS
            asked = self._requested()
            # Only what there is: a signal, or a cancel, may have come while it looked.
            if asked is not None:
                self.reason = asked

    def _is_over(self, now: float) -> bool:
        if self.real_until is None or self.until is None:
            return False
        return now >= self.real_until or self.clock.monotonic() >= self.until

    def watch(self, interrupt: Callable[[type[BaseException]], None]) -> None:
        """Watch from a thread, for an executor whose steps block the loop.

        Args:
            interrupt: Stops the step that runs, by raising an exception in it.
        """
        if self.real_until is None and self._requested is None:
            self._interrupt = interrupt
            return
        self._begin_watching()
        self._interrupt = interrupt  # not before: it would hit the thread's start

    def _begin_watching(self) -> None:
        if self._watcher is not None or self._over:
            return
        self._ended = ended = threading.Event()
        watcher = threading.Thread(
            target=self._watch, args=(ended,), name="dotflow-control", daemon=True
        )
        try:
            watcher.start()
            self._watcher = watcher
        except RuntimeError:
            # Python 3.12.0 and 3.12.1 start none once the script has ended: then the
            # loop looks by itself, between two steps.
            pass

    def wake_by(self, wake: Callable[[type[BaseException]], None]) -> None:
        """Have `cancel` call something, for a loop that waits and looks by itself.

        Args:
            wake: Ends the waiting; called from any thread, with what to raise in a step
                that blocks the loop.
        """
        self._interrupt = wake

    def end(self) -> None:
        """Stop watching: the run is over."""
        self._interrupt = None
        self._over = True
        if self._ended is not None:
            self._ended.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None

    def _watch(self, ended: threading.Event) -> None:
        # Both, since two threads may have begun to watch at once.
        while not (self._over or ended.wait(self._pause())):
            if self.reason is None:
                self.poll()
            # Again and again: a step may have swallowed the first interruption.
            if self.reason is not None and not self._patient:
                self.stop_step(RunCancelled)

    def _pause(self) -> float:
        if self.real_until is None or self.reason is not None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.01, self.real_until - time.monotonic()))


class CancelRequests:
    """Requests to cancel a workflow, left in the storage for the process that runs it.

    Args:
        storage: A durable storage.
        workflow_id: The workflow.
    """

    def __init__(self, storage: Storage, workflow_id: UUID | str) -> None:
        self._storage = storage
        self._workflow_id = workflow_id
        self._key = f"{workflow_id}-{_CANCEL}"

    @classmethod
    def of(cls, storage: Storage, workflow_id: UUID | str) -> Self | None:
        """Return those that a run looks for; None where it would see none.

        Args:
            storage: The storage.
            workflow_id: As of the constructor.
        """
        if storage.shared or (storage.fenced and storage.persistent):
            return cls(storage, workflow_id)
        return None

    def post(self, reason: str) -> None:
        """Ask whoever runs the workflow to end it."""
        self._storage.post(
            self._key, Context(storage=reason, workflow_id=self._workflow_id)
        )

    def read(self) -> str | None:
        """Return the reason of a request, or None if there is none."""
        found = self._storage.get(self._key).storage
        return found if isinstance(found, str) else None

    def clear(self) -> None:
        """Forget a request that was meant for an earlier run."""
        if self.read() is not None:
            self._storage.delete(self._key)


class OtherRuns:
    """Keeps other runs out, if that is asked for, and hears their requests.

    Args:
        storage: What all of them share.
        options: What the run was given: its deadline, and what to do about another one.
        run_id: The id of the run.
        cancelled_by: What requests to cancel it name; None where none can know it.
        bus: Who is told of a storage that fails.

    Attributes:
        control: What ends the run.
        requests: Those of other processes to cancel it; None where none can be left.
        looked_for: Whether others can ask for its end by the id of the run alone, which
            `look` looks for.
        lease: What keeps other runs of its workflow id out; None where nothing does.
    """

    def __init__(
        self,
        storage: Storage,
        options: RunOptions,
        run_id: str,
        cancelled_by: UUID | str | None,
        bus: EventBus,
    ) -> None:
        self._storage = storage
        self._if_running = options["if_running"]
        self._run_id = run_id
        self._cancelled_by = cancelled_by
        self._bus = bus
        self._next_look = 0.0
        self.lease: Lease | None = None
        self._held: list[Lease] = []
        # Nobody else can ask for it of an id that nobody else knows.
        self.requests: CancelRequests | None = None
        if cancelled_by is not None:
            self.requests = CancelRequests.of(storage, cancelled_by)
        self.looked_for = self.requests is None and storage.shared
        self.control = Control(
            options["deadline"], None if self.requests is None else self.requested
        )

    def hold(
        self, name: UUID | str | None, fixed: bool, shared_by: object = None
    ) -> Generator[float, None, bool]:
        """Keep other runs from going on at the same time, if that is asked for.

        Args:
            name: What must not run twice at once.
            fixed: Whether another process can know it, so that it matters by default.
            shared_by: Whose runs may go on beside this one; None for nobody's.

        Returns:
            Whether this run may begin. As in `taking` it yields how long to wait.

        Raises:
            WorkflowAlreadyRunning: Another one goes on.
            StorageError: The storage failed, or cannot tell.
        """
        storage, if_running = self._storage, self._if_running
        storage.revisit()
        matters = fixed and storage.persistent and storage.fenced
        if name is None or (if_running is None and not matters):
            return True
        from dotflow.engine.lease import run_lease

        # The first is known by the run, of which there is no other.
        token = None if self._held else self._run_id
        lease = run_lease(storage, name, self._cancelled_by, token)
        lease.shared_by = shared_by
        try:
            held = yield from lease.taking(
                if_running, self.control.real_until, self._ask
            )
        except SwapNotSupported as error:
            if if_running is not None:
                raise
            self._bus.report("The lease that keeps other runs out", error)
            return True
        if held is not None:
            self.lease = self.lease or held
            self._held.append(held)
            held.enders.append(self.control.cancel)
        return held is not None

    def _ask(self, cancel_id: str, reason: str) -> None:
        CancelRequests(self._storage, cancel_id).post(reason)

    def let_go(self) -> None:
        """Let another run begin; a second call does nothing."""
        self.lease = None
        while self._held:
            lease = self._held.pop()
            lease.enders.remove(self.control.cancel)
            try:
                lease.release()
            except Exception as error:  # noqa: BLE001 - the run itself has ended well
                self._bus.report(type(self._storage).__name__, error)

    def forget(self) -> None:
        """Forget requests that were meant for an earlier run."""
        if self.requests is not None:
            self.requests.clear()

    def requested(self) -> str | None:
        """Return why another process asks for the end of the run, if one does."""
        try:
            if not all(lease.beat() for lease in self._held):
                return "its lease was lost: another run has taken over"
            if self.requests is None or time.monotonic() < self._next_look:
                return None
            if not self._storage.shared:  # where each look costs
                self._next_look = time.monotonic() + SELDOM_SECONDS
            return self.requests.read()
        except Exception as error:  # noqa: BLE001 - asking never breaks running
            self._bus.report(type(self._storage).__name__, error)
            return None

    def look(self) -> None:
        """End the run if another process asks for that by its id.

        Its workflow id is a random one, so only who reads the history knows of it: then
        what writes that down looks, and a run without a history pays nothing.
        """
        try:
            requests = CancelRequests(self._storage, self._run_id)
            reason = requests.read()
            if reason is not None:
                requests.clear()
                self.control.cancel(reason)
        except Exception as error:  # noqa: BLE001 - asking never breaks running
            self._bus.report(type(self._storage).__name__, error)
