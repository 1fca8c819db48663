"""`Delivery`: sends messages to a remote API from a thread in the background."""

from __future__ import annotations

import atexit
import os
import threading
import time
from typing import TYPE_CHECKING
from weakref import WeakSet

from dotflow.providers._outbox import Message, Outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotflow.providers._endpoint import Endpoint

_IDLE_SECONDS = 1.0
_END_SECONDS = 5.0
_FIRST_DELAY = 0.2
_LONGEST_DELAY = 5.0
_MAX_MESSAGES = 10_000
_MAX_WEIGHT = 64_000_000


class Delivery:
    """An outbox and the thread that empties it, in order.

    The thread starts with the first message and ends when there is nothing to do. It is
    a daemon, for the interpreter would wait for any other one without a limit, and a
    look-up of a host name takes no timeout. The exit of the program calls `close`,
    which waits for the thread and then breaks its connection: a thread that goes on
    while the interpreter is taken down can crash it.

    Args:
        base_url: What every path is appended to.
        headers: Sent with every request, to that host alone.
        timeout: Seconds that connecting, and each wait for data, may take; also what
            `flush` and the exit of the program wait by default.
        retry_for: Seconds for which one message is tried again while the API cannot be
            reached.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        timeout: float,
        retry_for: float,
    ) -> None:
        self._address = (base_url, headers, timeout)
        self._timeout = timeout
        self._retry_for = retry_for
        self._endpoint: Endpoint | None = None
        self._outbox = Outbox(_MAX_MESSAGES, _MAX_WEIGHT)
        # Re-entrant: a signal handler may report while its thread holds the lock.
        self._changed = threading.Condition(threading.RLock())
        self._thread: threading.Thread | None = None
        self._flushing = 0
        self._stopped = threading.Event()
        # Whether the last message arrived; whether a flush waited in vain since.
        self._reachable = True
        self._stuck = False
        self._reported: set[object] = set()
        self._dropped = 0
        self._pid = os.getpid()
        _at_exit(self)

    @property
    def dropped(self) -> int:
        """How many messages were given up so far."""
        return self._dropped

    def put(self, message: Message) -> None:
        """Hand over a message; this takes microseconds, whatever the API does."""
        if self._pid != os.getpid():
            # The thread is the parent's, and the parent reports what children do.
            self._report("fork", "A forked child does not report to the server.")
            return
        with self._changed:
            if self._stopped.is_set():
                self._dropped += 1
                self._report("closed", "The server is closed: later reports are lost.")
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
        if self._pid != os.getpid():
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
            self._stuck = not done
        if done and thread is not None:
            thread.join()  # it has nothing left to do but to end
        return done

    def close(self, timeout: float | None = None) -> bool:
        """Send what is left, at most for `timeout` seconds, and stop.

        Of each task only the last state is sent: nobody follows a run that has ended.

        Args:
            timeout: The most seconds to wait. Default: that of a request.

        Returns:
            Whether everything was sent or given up by the API's fault alone.
        """
        if self._pid != os.getpid():
            return True
        with self._changed:
            thread = self._thread
            self._outbox.drop_obsolete()
        done = self.flush(timeout)
        with self._changed:
            self._stopped.set()
            lost = self._outbox.clear()
            self._changed.notify_all()
        if lost:
            self._dropped += lost
            self._report("lost", f"{lost} reports have not reached the server in time.")
        if thread is not None and not done:
            if self._endpoint is not None:
                self._endpoint.abort()
            thread.join(max(self._timeout, _END_SECONDS))
        return done

    def close_within(self, start: float) -> None:
        """Close with what is left of the time limit.

        Args:
            start: When the limit began, on the monotonic clock.
        """
        left = start + self._timeout - time.monotonic()
        # Where the end of a run has waited in vain, the exit need not wait again.
        self.close(0.0 if self._stuck else max(0.0, left))

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="dotflow-server", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # out of threads, or the interpreter is ending
            self._report("thread", f"Nothing is reported to the server: {error}.")
            self._give_up(self._outbox.clear())
            return
        self._thread = thread

    def _work(self) -> None:
        if self._endpoint is None:
            # Imported here: loading `urllib` would delay whoever reports first.
            from dotflow.providers._endpoint import Endpoint

            self._endpoint = Endpoint(*self._address)
        while True:
            with self._changed:
                if not self._outbox and not self._flushing:
                    self._changed.wait(_IDLE_SECONDS)
                if not self._outbox:
                    self._thread = None
                    self._changed.notify_all()
                    return
                message = self._outbox.pop()
            try:
                self._deliver(message, self._endpoint)
            except Exception as error:  # noqa: BLE001 - the thread outlives any message
                # The type alone: the text could quote a header, and so the token.
                what = f"{message.method} {message.path}: {type(error).__name__}"
                self._report(type(error), f"Could not report to the server: {what}.")

    def _deliver(self, message: Message, endpoint: Endpoint) -> None:
        import json

        from dotflow.providers._endpoint import Refused, Unreachable

        body = json.dumps(message.payload, default=str).encode()
        deadline = time.monotonic() + self._retry_for
        delay = _FIRST_DELAY
        while True:
            try:
                endpoint.send(message.method, message.path, body)
            except Unreachable as error:
                problem, wait = str(error), max(delay, error.wait)
            except Refused as error:
                self._arrived()
                self._report(error.status, f"{error} Further ones are not reported.")
                return
            else:
                self._arrived()
                return
            # Once the API has been down for the whole of one message's time, the next
            # ones are tried once each: they must not wait behind each other.
            if (
                not self._reachable
                or time.monotonic() + wait > deadline
                or self._stopped.wait(wait)
            ):
                break
            delay = min(delay * 2, _LONGEST_DELAY)
        self._reachable = False
        self._report("unreachable", f"The server cannot be reached: {problem}.")
        with self._changed:
            self._dropped += 1

    def _arrived(self) -> None:
        self._reachable = True
        self._stuck = False

    def _give_up(self, count: int) -> None:
        if count:
            self._dropped += count
            self._report(
                "dropped",
                "The server is slower than the reports come: some are dropped.",
            )

    def _report(self, what: object, text: str) -> None:
        """Warn, once for each kind of problem."""
        if what not in self._reported:
            self._reported.add(what)
            from dotflow.logging import logger

            logger.warning("%s", text)


_open: WeakSet[Delivery] = WeakSet()


def _at_exit(delivery: Delivery) -> None:
    _open.add(delivery)
    # Once in this process, whatever a parent had registered before a fork.
    atexit.unregister(_close_all)
    atexit.register(_close_all)


def _close_all() -> None:
    start = time.monotonic()
    for delivery in list(_open):
        # They share one limit: many that hang are not to hold the exit up in turn.
        delivery.close_within(start)
