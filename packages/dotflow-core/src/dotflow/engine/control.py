"""`Control`: the cancellation of a run, from a thread, a deadline or another process."""

from __future__ import annotations

import threading
import time

from dotflow.engine.clock import current_clock
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from dotflow.abc.storage import Storage

_CANCEL = "_cancel"
POLL_SECONDS = 0.5


class RunCancelled(BaseException):
    """Ends a run from within; not an `Exception`, so no step can take it for its own."""


class Control:
    """Knows whether a run is to end early, and why.

    Args:
        deadline: Seconds from now until the run is cancelled; None for no bound.
        requested: Tells whether another process asks for it; None where none can.

    Attributes:
        clock: What the run goes by.
        until: The end of its time on that clock; None for no bound.
        awaited: Whether somebody else may end it: a deadline, or another process.
    """

    def __init__(
        self,
        deadline: float | None = None,
        requested: Callable[[], str | None] | None = None,
    ) -> None:
        self.reason: str | None = None
        self.awaited = deadline is not None or requested is not None
        self._requested = requested
        self.clock = current_clock()
        self.until: float | None = None
        # By the real time too: under a fake clock a step may block for ever.
        self._until: float | None = None
        if deadline is not None:
            self.until = self.clock.monotonic() + deadline
            self._until = time.monotonic() + deadline
        self._deadline = deadline
        self._next_poll = 0.0
        self._interrupt: Callable[[], None] | None = None
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None

    def cancel(self, reason: str, interrupt: bool = True) -> None:
        """End the run as soon as possible; from any thread, more than once at will.

        Args:
            reason: Why; the first one counts.
            interrupt: Whether to stop a step that blocks the loop, too.
        """
        if self.reason is None:
            self.reason = reason
        stop = self._interrupt
        if interrupt and stop is not None:
            stop()

    def check(self) -> None:
        """Raise if the run is to end; asks other processes at most every half second.

        Raises:
            RunCancelled: It is; the message is the reason.
        """
        if self.reason is None:
            self.poll()
        if self.reason is not None:
            raise RunCancelled(self.reason)

    def bound(self, wait: float | None) -> float:
        """Return the longest time that the loop may wait before it checks again."""
        # Bounded always: `cancel` may come from a thread at any moment.
        if self._until is not None:
            left = max(0.0, self._until - time.monotonic())
            wait = left if wait is None else min(wait, left)
        return POLL_SECONDS if wait is None else min(wait, POLL_SECONDS)

    def poll(self) -> None:
        """Note a deadline that has passed, or the request of another process."""
        now = time.monotonic()
        if self._is_over(now):
            self.reason = f"its deadline of {self._deadline:g} s has passed"
        elif self._requested is not None and now >= self._next_poll:
            self._next_poll = now + POLL_SECONDS
            self.reason = self._requested()

    def _is_over(self, now: float) -> bool:
        if self._until is None or self.until is None:
            return False
        return now >= self._until or self.clock.monotonic() >= self.until

    def watch(self, interrupt: Callable[[], None]) -> None:
        """Watch from a thread, for an executor whose steps block the loop.

        Args:
            interrupt: Stops the step that runs.
        """
        self._interrupt = interrupt
        if self._until is None and self._requested is None:
            return
        watcher = threading.Thread(
            target=self._watch, name="dotflow-control", daemon=True
        )
        try:
            watcher.start()
        except RuntimeError:
            # Python 3.12.0 and 3.12.1 start none once the script has ended: then the
            # loop looks by itself, between two steps.
            return
        self._watcher = watcher

    def wake_by(self, wake: Callable[[], None]) -> None:
        """Have `cancel` call something, for a loop that waits and looks by itself.

        Args:
            wake: Ends the waiting; called from any thread.
        """
        self._interrupt = wake

    def end(self) -> None:
        """Stop watching: the run is over."""
        self._interrupt = None
        self._ended.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None

    def _watch(self) -> None:
        while not self._ended.wait(self._pause()):
            if self.reason is None:
                self.poll()
            # Again and again: a step may have swallowed the first interruption.
            if self.reason is not None and self._interrupt is not None:
                self._interrupt()

    def _pause(self) -> float:
        if self._until is None or self.reason is not None:
            return POLL_SECONDS
        return min(POLL_SECONDS, max(0.01, self._until - time.monotonic()))


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
