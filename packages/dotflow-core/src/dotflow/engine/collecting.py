"""What a step tells in a worker that can send it with its outcome alone.

Such are those of clusters and of pools: there is no connection to send it over meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow.engine.heard_streams import hearing
from dotflow.engine.telling import packed_tellings, pass_on
from dotflow.model.events import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from dotflow.engine.telling import Telling
    from dotflow.model.events import Detail
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt


class CollectingOutlet:
    """Keeps what is told, for a process that can send it with the outcome alone.

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

    def packed(self) -> bytes:
        """Return what was told, for `pass_on`."""
        return packed_tellings(self._told)


def kinds_of(attempt: Attempt) -> tuple[str, ...]:
    """Return what somebody listens to of what an attempt tells, by the events' names."""
    outlet = attempt.outlet
    return () if outlet is None else tuple(kind.__name__ for kind in outlet.kinds)


def kinds_named(names: Collection[str]) -> frozenset[type[Told]]:
    """Return the kinds that `kinds_of` has named, as far as this process knows them."""
    return frozenset(k for k in Told.__subclasses__() if k.__name__ in names)


def run_collecting(
    attempt: Attempt, kinds: Collection[str], run: Callable[[Attempt], Outcome]
) -> Outcome:
    """Run an attempt whose telling comes with its outcome; `hear_outcome` tells it.

    Args:
        attempt: The attempt.
        kinds: What `kinds_of` has returned of it, where its run is.
        run: What runs it.
    """
    if not kinds:
        return run(attempt)
    attempt.outlet = outlet = CollectingOutlet(kinds_named(kinds))
    with hearing(kinds):
        outcome = run(attempt)
    outcome.told = outlet.packed()
    return outcome


def hear_outcome(outcome: Outcome, attempt: Attempt) -> None:
    """Tell what has come with the outcome of an attempt, before that is told."""
    message = getattr(outcome, "told", None)
    if message is not None:
        pass_on(message, attempt)
