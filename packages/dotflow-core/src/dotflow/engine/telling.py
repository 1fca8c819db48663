"""What code within a step tells while it runs, and how it gets to whoever listens.

For a module that has something to tell, as captured output, progress and artifacts do:

    attempt = listener(TaskOutput)          # None: nobody listens, and nothing is to do
    if attempt is not None:
        tell(TaskOutput, {"text": …})       # JSON can hold it: it becomes a row's detail

- `listener(kind)` is the attempt that this code runs in, wherever that is: in the loop's
  thread, in a thread of a pool, in a coroutine, in a process; for an item of a map it is
  the item's, and within a nested run to which nobody listens, the outer one. It is None
  outside of a run, where nobody listens to this kind, and after the attempt has ended.
  A thread that a step starts belongs to it if it runs in a copy of the step's context
  (`contextvars.copy_context`, `asyncio.to_thread`), and in a process of its own always.
- `tell(kind, detail)` is that with the telling. It never waits and never raises: in this
  process the telling is told to the listeners of the run soon, in the order it came and
  before the end of the attempt; from a worker process it is sent at once if the
  connection takes it, so that it arrives although the process is killed then.
- Whoever collects before it tells has the rest told by `attempt.before_end(call)`: that
  runs in the attempt's context and thread, just before its outcome is reported. What is
  told after that is dropped.
- Whoever keeps something of an attempt meanwhile has it from `state_of(attempt, kind)`.
- How much is told is up to who tells: whoever could be called a million times puts much
  into one telling, and has a bound on all of it.

Each kind is a class derived from `Told` in `dotflow.model.events`. Who listens subscribes
to it at the bus of the run (`EventBus.subscribe`), before the loop begins; `events.Told`
says what an event carries.
"""

from __future__ import annotations

import os
import pickle
import select
import threading
import time
from collections import deque

from dotflow.errors import TellingRefused
from dotflow.model.current import current_attempt, this_attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Callable,
        Generator,
    )
    from multiprocessing.connection import Connection
    from typing import Any, TypeVar

    from dotflow.model.events import Detail, Told
    from dotflow.model.outlet import Outlet
    from dotflow.model.task import Attempt

    T = TypeVar("T")
    S = TypeVar("S")
    # As it travels: the kind, what was told, and when.
    Telling = tuple[type[Told], Detail, float]

# The most characters of a name that a step tells something by.
MOST_NAME = 100
# What a message of tellings begins with; a pickle, as outcomes are, begins otherwise.
TOLD = b"t"
# Up to this size `Connection` writes a message in one piece, which no signal divides.
ONE_PIECE = 16_000


def listener(kind: type[Told]) -> Attempt | None:
    """Return the attempt that this code runs in; None where nobody listens.

    Args:
        kind: What it would tell.
    """
    attempt = this_attempt()
    return attempt if attempt is not None and is_heard(attempt, kind) else None


def is_heard(attempt: Attempt, kind: type[Told]) -> bool:
    """Say whether anybody listens to what an attempt tells.

    Args:
        attempt: The attempt.
        kind: The class of the event.
    """
    outlet = attempt.outlet  # read once: another thread may end it
    return outlet is not None and kind in outlet.kinds


def tell(kind: type[Told], detail: Detail) -> bool:
    """Tell something in the name of the attempt that this code runs in.

    Args:
        kind: The class of the event.
        detail: What JSON can hold; not to be changed afterwards.

    Returns:
        Whether somebody listens.
    """
    attempt = listener(kind)
    if attempt is None:
        return False
    return tell_of(attempt, kind, detail)


def tell_of(attempt: Attempt, kind: type[Told], detail: Detail) -> bool:
    """As `tell`, from code that runs elsewhere, as a thread that sends what is left.

    Args:
        attempt: What `listener` has returned.
        kind: The class of the event.
        detail: What JSON can hold.
    """
    outlet = attempt.outlet
    if outlet is None:
        return False
    outlet.post(attempt, kind, detail, time.time())
    return True


def state_of(attempt: Attempt, kind: Callable[[Attempt], S]) -> S:
    """Return what is kept of an attempt, one of a kind, made when it is first asked for.

    Args:
        attempt: What `listener` has returned.
        kind: The class, which is made of the attempt.
    """
    if attempt.states is None:
        attempt.states = {}
    found: S | None = attempt.states.get(kind)
    if found is None:
        found = attempt.states.setdefault(
            kind, kind(attempt)
        )  # of two threads the first
    return found


def refusal(what: str, why: str) -> TellingRefused:
    """Return what is raised for something that a step may not tell.

    Args:
        what: What it was.
        why: Why not, and what to do.
    """
    attempt = this_attempt()
    return TellingRefused(what, why, None if attempt is None else attempt.task.name)


def heard_within(values: Generator[T], attempt: Attempt) -> Generator[T]:
    """Yield what a step's generator gives to a map, which reads it after the attempt.

    Its body tells in the name of the attempt, to its end.
    """
    try:
        while True:
            token = current_attempt.set(attempt)
            try:
                value = next(values)
            except StopIteration:
                return
            finally:
                current_attempt.reset(token)
            yield value
    finally:
        attempt.end_telling()


async def heard_within_async(
    values: AsyncGenerator[T], attempt: Attempt
) -> AsyncGenerator[T]:
    """As `heard_within`."""
    try:
        while True:
            token = current_attempt.set(attempt)
            try:
                value = await anext(values)
            except StopAsyncIteration:
                return
            finally:
                current_attempt.reset(token)
            yield value
    finally:
        attempt.end_telling()


class Relay:
    """Tells in the name of another attempt, of which this one is run as a part.

    Args:
        attempt: The other one.
        outlet: Where that tells.
    """

    def __init__(self, attempt: Attempt, outlet: Outlet) -> None:
        self._attempt = attempt
        self._outlet = outlet
        self.kinds = outlet.kinds

    def post(
        self, attempt: Attempt, kind: type[Told], detail: Detail, moment: float
    ) -> None:
        """Pass it on."""
        self._outlet.post(self._attempt, kind, detail, moment)


def relay_for(attempt: Attempt) -> Relay | None:
    """Return where a part of an attempt tells that does not inherit its context."""
    outlet = attempt.outlet
    return None if outlet is None else Relay(attempt, outlet)


class WorkerOutlet:
    """Sends what is told over the connection of a worker process.

    A small message is sent at once where the connection takes it. Everything else goes
    through a thread, which lives as long as there is something left: a step must not
    wait for a parent that is busy, and a signal must not divide a message.

    Args:
        connection: Where outcomes are sent as well, once this is closed.
        kinds: What somebody listens to.
    """

    def __init__(
        self, connection: Connection[Any, Any], kinds: frozenset[type[Told]]
    ) -> None:
        self.kinds = kinds
        self._connection = connection
        self._process = os.getpid()
        self._waiting: deque[Telling] = deque()
        # An RLock: the main thread, where alone signals are handled, and which sends the
        # outcome, can take it although it was interrupted just when it had it.
        self._sending = threading.RLock()
        self._thread: threading.Thread | None = None

    def post(
        self, attempt: Attempt, kind: type[Told], detail: Detail, moment: float
    ) -> None:
        """Send it, or have it sent soon."""
        if os.getpid() != self._process:
            return  # a child of the step
        telling = (kind, detail, moment)
        if self._thread is None and self._sending.acquire(blocking=False):
            try:
                message = packed_tellings([telling])
                if len(message) <= ONE_PIECE and _takes(self._connection):
                    self._send(message)
                    return
            finally:
                self._sending.release()
        self._waiting.append(telling)
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._drain, name="dotflow-telling", daemon=True
            )
            try:
                self._thread.start()
            except RuntimeError:
                self._thread = None  # no more threads: it waits for the next telling

    def close(self) -> None:
        """Send what is left; afterwards the connection is somebody else's."""
        if self._waiting or self._thread is not None:
            self._drain()
        self.kinds = frozenset()

    def _drain(self) -> None:
        with self._sending:
            while self._waiting:
                told: list[Telling] = []
                while self._waiting:
                    told.append(self._waiting.popleft())
                self._send(packed_tellings(told))
            self._thread = None

    def _send(self, message: bytes) -> None:
        try:
            self._connection.send_bytes(message)
        except OSError:
            pass  # the run is over: there is nobody to hear it


def is_telling(message: bytes) -> bool:
    """Say of a message of a worker whether it is something that its step has told."""
    return message.startswith(TOLD)


def pass_on(message: bytes, attempt: Attempt) -> None:
    """Tell what a process has told in the name of an attempt that it runs.

    Args:
        message: What it has sent.
        attempt: The attempt, in the process of its run.
    """
    outlet = attempt.outlet
    if outlet is not None:
        for kind, detail, moment in pickle.loads(message[len(TOLD) :]):
            outlet.post(attempt, kind, detail, moment)


def packed_tellings(told: list[Telling]) -> bytes:
    """Return tellings as they travel, for `pass_on`."""
    return TOLD + pickle.dumps(told, pickle.HIGHEST_PROTOCOL)


def _takes(connection: Connection[Any, Any]) -> bool:
    """Say whether a small message would be sent without waiting."""
    if not hasattr(select, "poll"):
        return False
    poll = select.poll()
    try:
        poll.register(connection.fileno(), select.POLLOUT)
        return bool(poll.poll(0))
    except OSError:
        return False  # a step has closed it, or the run is over
