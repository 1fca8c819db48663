"""What a step tells in a worker of a cluster or of a pool: it comes with its outcome.

There is no connection that keeps the order of all that is sent. So the outcome brings
everything, and what an engine can bring meanwhile (`LiveOutlet`) is a beginning of that:
it may come late or never, and each thing is told once.
"""

from __future__ import annotations

import pickle
import time
from collections import deque
from typing import TYPE_CHECKING

from dotflow.base.courier import Courier
from dotflow.base.guard import STOPS
from dotflow.engine.heard_streams import hearing
from dotflow.engine.telling import state_of
from dotflow.model.events import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dotflow.engine.telling import Telling
    from dotflow.model.events import Detail
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt

# How often an attempt that runs sends what it has told: one that is shorter sends nothing.
LIVE_SECONDS = 0.2


class CollectingOutlet:
    """Keeps what is told, for the outcome.

    Args:
        kinds: What somebody listens to.
    """

    def __init__(self, kinds: frozenset[type[Told]]) -> None:
        self.kinds = kinds
        self._told: list[Telling] = []

    def post(
        self, attempt: Attempt, kind: type[Told], detail: Detail, moment: float
    ) -> None:
        """Keep it."""
        self._told.append((kind, detail, moment))

    def end(self) -> bytes:
        """Return all that was told, for `hear_outcome`; nothing is sent any more."""
        return pickle.dumps(self._told, pickle.HIGHEST_PROTOCOL)


class LiveOutlet(CollectingOutlet):
    """Sends what is told while the attempt runs, a few times a second.

    Args:
        kinds: What somebody listens to.
        send: Sends a message to where `hear_live` is called with it, from a thread of its
            own; it raises if nobody takes it yet.
    """

    def __init__(
        self, kinds: frozenset[type[Told]], send: Callable[[bytes], object]
    ) -> None:
        super().__init__(kinds)
        self._send = send
        self._sent = 0
        self._last = time.monotonic()
        self._waits = self._ended = False

    def post(
        self,
        attempt: Attempt,
        kind: type[Told],
        detail: Detail,
        moment: float,
    ) -> None:
        """Keep it, and have it sent soon."""
        super().post(attempt, kind, detail, moment)
        if not self._waits:
            self._wait()

    def end(self) -> bytes:
        """As that of a `CollectingOutlet`."""
        self._ended = True
        return super().end()

    def send_more(self) -> None:
        """Send what is new, if it is time."""
        if self._ended:
            return
        now = time.monotonic()
        if now < self._last + LIVE_SECONDS:
            self._wait()
            return
        self._last, self._waits = now, False
        told = self._told[self._sent :]
        try:
            self._send(pickle.dumps((self._sent, told), pickle.HIGHEST_PROTOCOL))
        except STOPS:
            raise
        except Exception:  # noqa: BLE001 - whatever the engine raises; the outcome brings it
            self._wait()
        else:
            self._sent += len(told)

    def _wait(self) -> None:
        self._waits = True
        _waiting.append(self)
        _courier.wake()


_waiting: deque[LiveOutlet] = deque()


def _send_waiting() -> None:
    for _ in range(len(_waiting)):  # some wait again
        _waiting.popleft().send_more()


_courier = Courier(_send_waiting)


class Heard:
    """How much of what an attempt tells has been heard before its end.

    Args:
        attempt: The attempt, in the process of its run.
    """

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._count = 0

    def hear(self, start: int, told: list[Telling]) -> None:
        """Tell what is new.

        Args:
            start: How much the attempt had told before.
            told: What it told then.
        """
        outlet = self._attempt.outlet
        if outlet is None or start > self._count:
            return  # something is missing in between, which the outcome brings
        for kind, detail, moment in told[self._count - start :]:
            outlet.post(self._attempt, kind, detail, moment)
        self._count = max(self._count, start + len(told))


def kinds_of(attempt: Attempt) -> tuple[str, ...]:
    """Return what somebody listens to of what an attempt tells, by the events' names."""
    outlet = attempt.outlet
    return () if outlet is None else tuple(kind.__name__ for kind in outlet.kinds)


def kinds_named(names: Collection[str]) -> frozenset[type[Told]]:
    """Return the kinds that `kinds_of` has named, as far as this process knows them."""
    return frozenset(k for k in Told.__subclasses__() if k.__name__ in names)


def run_collecting(
    attempt: Attempt,
    kinds: Collection[str],
    run: Callable[[Attempt], Outcome],
    send: Callable[[bytes], object] | None = None,
) -> Outcome:
    """Run an attempt whose telling comes with its outcome; `hear_outcome` tells it.

    Args:
        attempt: The attempt.
        kinds: What `kinds_of` has returned of it, where its run is.
        run: What runs it.
        send: As for a `LiveOutlet`; None to send nothing meanwhile.
    """
    if not kinds:
        return run(attempt)
    known = kinds_named(kinds)
    outlet = CollectingOutlet(known) if send is None else LiveOutlet(known, send)
    attempt.outlet = outlet
    with hearing(kinds):
        outcome = run(attempt)
    outcome.told = outlet.end()
    return outcome


def hear_live(message: bytes, attempt: Attempt) -> None:
    """Tell what an attempt has sent while it runs.

    Args:
        message: What it has sent.
        attempt: The attempt, in the process of its run.
    """
    state_of(attempt, Heard).hear(*pickle.loads(message))


def hear_outcome(outcome: Outcome, attempt: Attempt) -> None:
    """Tell what has come with the outcome of an attempt, before that is told."""
    message = getattr(outcome, "told", None)
    if message is not None:
        state_of(attempt, Heard).hear(0, pickle.loads(message))
