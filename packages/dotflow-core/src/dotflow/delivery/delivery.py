"""`Delivery`: sends messages to a remote service from a thread in the background."""

from __future__ import annotations

import os
import threading
import time

from dotflow.delivery.leaving import at_exit
from dotflow.delivery.outbox import Outbox
from dotflow.delivery.sender import Refused, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.delivery.message import Message
    from dotflow.delivery.sender import Sender

_IDLE_SECONDS = 1.0
# What is left of the time of a close to break off what hangs.
_ABORT_SECONDS = 0.2
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 5.0
_LONGEST_REST = 3600.0


class Delivery:
    """An outbox and the thread that empties it, in order.

    The thread starts with the first message and ends when there is nothing to do. It is
    a daemon, for the interpreter would wait for any other one without a limit, and a
    look-up of a host name takes no timeout. The exit of the program waits for it a
    short time (see `dotflow.delivery.leaving`) and then breaks its connection.

    Args:
        open_sender: Makes what to send through; it is called in the thread.
        target: What warnings call the service, e.g. `"the server"`.
        timeout: Seconds that one attempt may wait; also what `flush` and `close` wait
            by default.
        retry_for: Seconds for which one message is tried again while the service cannot
            be reached.
        max_messages: The most messages that wait.
        max_weight: The most characters of text in them.
        thread_name: The name of the thread.
        kept: Says whether somebody else keeps what this one tells, and will tell it: then
            nothing is lost, and there is nothing to warn of.
    """

    def __init__(
        self,
        open_sender: Callable[[], Sender],
        target: str,
        *,
        timeout: float,
        retry_for: float,
        max_messages: int = 10_000,
        max_weight: int = 64_000_000,
        thread_name: str = "dotflow-delivery",
        kept: Callable[[], bool] = lambda: False,
    ) -> None:
        self._kept = kept
        self._open_sender = open_sender
        self._target = target
        self._timeout = timeout
        self._retry_for = retry_for
        self._thread_name = thread_name
        self._sender: Sender | None = None
        self._outbox = Outbox(max_messages, max_weight)
        # Re-entrant: a signal handler may report while its thread holds the lock.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._flushing = 0
        self._stopped = threading.Event()
        # Whether the last message arrived, what was wrong with the last attempt, and
        # whether one is being sent, which `close` would count as lost.
        self._reachable = True
        self._problem = ""
        self._sending = False
        # When the service may be spoken to again, on the monotonic clock.
        self._rested = 0.0
        self._reported: set[object] = set()
        self._dropped = 0
        self._pid = os.getpid()
        at_exit(self)

    @property
    def here(self) -> bool:
        """Whether it is of this process, and not of the one that forked it."""
        return self._pid == os.getpid()

    @property
    def dropped(self) -> int:
        """How many messages were given up so far."""
        return self._dropped

    @property
    def problem(self) -> str:
        """What was wrong with the last attempt, `""` if nothing was."""
        return self._problem

    def put(self, message: Message) -> None:
        """Hand over a message; this takes microseconds, whatever the service does."""
        if not self.here:
            self._report("fork", f"A forked child does not report to {self._target}.")
            return
        with self._changed:
            if self._stopped.is_set():
                self._dropped += 1
                self._report(
                    "closed", f"What is reported to {self._target} once closed is lost."
                )
                return
            self._give_up(self._outbox.put(message))
            if self._thread is None:
                self._start()
            self._changed.notify_all()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything handed over was sent or given up.

        Args:
            timeout: The most seconds to wait. Default: that of a request.

        Returns:
            Whether nothing is left.
        """
        if not self.here:
            return True
        limit = self._timeout if timeout is None else timeout
        with self._changed:
            thread = self._thread
            self._flushing += 1
            self._changed.notify_all()  # the thread need not wait for more
            try:
                done = self._changed.wait_for(lambda: self._thread is None, limit)
            finally:
                self._flushing -= 1
        if done and thread is not None:
            thread.join()  # it has nothing left to do but to end
        return done

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left, at most for `timeout` seconds, and stop.

        Of each task only the last state is sent: nobody follows a run that has ended.

        Args:
            timeout: The most seconds to wait. Default: that of a request.

        Returns:
            Whether everything was sent or given up by the service's fault alone.
        """
        limit = self._timeout if timeout is None else timeout
        return self._close(time.monotonic() + limit, limit)

    def begin_leaving(self) -> None:
        """Keep only the last state of each task: its thread sends all the while."""
        if self.here:
            with self._changed:
                self._outbox.drop_obsolete()

    def leave(self, deadline: float) -> None:
        """Close at the exit of the program; see `dotflow.delivery.leaving`.

        Args:
            deadline: Until when to wait, on the monotonic clock.
        """
        left = min(self._timeout, deadline - time.monotonic() - _ABORT_SECONDS)
        self._close(deadline, max(0.0, left))

    def _close(self, deadline: float, wait: float) -> bool:
        """Wait, give up what is left, and see until a deadline that the thread ends."""
        self.begin_leaving()
        done = self.flush(wait)
        if not self.here:
            return True
        with self._changed:
            thread = self._thread
            self._stopped.set()
            lost = self._outbox.clear() + self._sending
            self._changed.notify_all()
        if lost:
            self._dropped += lost
            why = f": {self._problem}" if self._problem else ""
            self._report(
                "lost", f"{lost} reports have not reached {self._target} in time{why}."
            )
        if thread is not None:
            if self._sender is not None:
                self._sender.abort()
            thread.join(max(_ABORT_SECONDS, deadline - time.monotonic()))
        return done

    def _start(self) -> None:
        thread = threading.Thread(
            target=self._work, name=self._thread_name, daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # out of threads, or the interpreter is ending
            self._report("thread", f"Nothing is reported to {self._target}: {error}.")
            self._give_up(self._outbox.clear())
            return
        self._thread = thread

    def _work(self) -> None:
        sender: Sender | None = None
        while message := self._next():
            try:
                if sender is None:
                    # Here, for what it imports would delay whoever reports first.
                    sender = self._sender = self._open_sender()
                    # `close` may have looked for a sender before there was one.
                    if self._stopped.is_set():
                        sender.abort()
                self._deliver(message, sender)
            except Exception as error:  # noqa: BLE001 - the thread outlives any message
                self._failed(message.label, error)
        if sender is not None:
            try:
                sender.close()
            except Exception as error:  # noqa: BLE001 - everything is sent already
                self._failed("closing", error)

    def _next(self) -> Message | None:
        """Return the next message; None, when there is no more, to end the thread."""
        with self._changed:
            idle = not (self._outbox or self._flushing or self._stopped.is_set())
            if idle:
                self._changed.wait(_IDLE_SECONDS)
            self._sending = bool(self._outbox)
            if self._sending:
                return self._outbox.pop()
            # Under the lock: whoever puts a message now starts another thread.
            self._thread = None
            self._changed.notify_all()
            return None

    def _deliver(self, message: Message, sender: Sender) -> None:
        deadline = time.monotonic() + self._retry_for
        wait, delay = 0.0, _FIRST_DELAY
        problem = "it asks to be left alone"
        while self._wait(wait, deadline):
            try:
                rest = sender.send(message)
            except Unreachable as error:
                problem, rest = str(error), error.wait
                self._problem = problem
            except Refused as error:
                self._arrived()
                self._report(error.kind, f"{error} Further ones are not reported.")
                return
            else:
                self._arrived()
                self._leave_alone(rest)
                return
            self._leave_alone(rest)
            # Once the service has been down for the whole of one message's time, the
            # next ones are tried once each: they must not wait behind each other.
            if not (self._reachable or rest):
                break
            wait, delay = delay, min(delay * 2, _LONGEST_DELAY)
        self._reachable = False
        if self._stopped.is_set():
            return  # `close` has counted it
        target = self._target[0].upper() + self._target[1:]
        self._report("unreachable", f"{target} cannot be reached: {problem}.")
        with self._changed:
            self._dropped += 1

    def _leave_alone(self, seconds: float | None) -> None:
        """Speak to the service no sooner than it asks, whichever message is next."""
        if seconds:
            self._rested = time.monotonic() + min(seconds, _LONGEST_REST)

    def _wait(self, seconds: float, deadline: float) -> bool:
        """Wait before an attempt; return False where it would come too late."""
        now = time.monotonic()
        wait = max(seconds, self._rested - now)
        return wait <= 0 or (now + wait <= deadline and not self._stopped.wait(wait))

    def _arrived(self) -> None:
        self._reachable = True
        self._problem = ""

    def _give_up(self, count: int) -> None:
        if count:
            self._dropped += count
            self._report(
                "dropped",
                f"Reports come faster than {self._target} takes them: some are dropped.",
            )

    def _failed(self, what: str, error: Exception) -> None:
        # The type alone: the text could quote a header, and so the token.
        self._report(
            type(error),
            f"Could not report to {self._target}: {what}: {type(error).__name__}.",
        )

    def _report(self, what: object, text: str) -> None:
        """Warn, once for each kind of problem."""
        if what not in self._reported and not self._kept():
            self._reported.add(what)
            from dotflow.logging import warn

            warn("%s", text)
