"""`ClusterExecutor`: what the executors of clusters have in common."""

from __future__ import annotations

import pickle
import time
import weakref
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dotflow.abc.executor import Executor, attempts_at_once
from dotflow.engine.executors.afar import (
    Shape,
    hold,
    joined,
    parted,
    read_news,
    run_holding,
)
from dotflow.engine.executors.likeness import check_alike, modules_of
from dotflow.engine.executors.remote import (
    PackedAttempt,
    Packing,
    unsendable_attempt,
)
from dotflow.errors import DotflowError, GraphError
from dotflow.logging import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dotflow.engine.executors.afar import Kept, Place
    from dotflow.engine.executors.likeness import Likeness
    from dotflow.model.held import Errand, Held
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance

# The most attempts at once where nothing else bounds them.
MANY = 1_000_000
# How often the size of a cluster is asked for.
COUNT_SECONDS = 1.0


class Order(NamedTuple):
    """What a worker is told to run; it travels as bytes, which no engine looks into.

    Attributes:
        packed: The attempt.
        shape: How its inputs are put together.
        plain: Those that the driver has, pickled.
        places: Where those belong that lie in the cluster.
        errand: How to store a large result there; None where the driver does that.
    """

    packed: PackedAttempt
    shape: Shape
    plain: bytes
    places: tuple[Place, ...]
    errand: Errand | None

    def to_bytes(self) -> bytes:
        """Return it as it travels: as plain tuples, which are ten times as fast."""
        (node, *packed), shape, *others = self
        # Of an item only the driver knows the index.
        parts = (int(node), *packed, *shape, *others)
        return pickle.dumps(parts, pickle.HIGHEST_PROTOCOL)

    @classmethod
    def from_bytes(cls, data: bytes) -> Order:
        """Return what `to_bytes` was called of."""
        parts = pickle.loads(data)
        packed, shape = len(PackedAttempt._fields), -len(cls._fields) + 2
        return cls(
            PackedAttempt(*parts[:packed]),
            Shape(*parts[packed:shape]),
            *parts[shape:],
        )

    def run(
        self,
        held: Sequence[Any],
        *,
        interruptible: bool | None = None,
        send: Callable[[bytes], object] | None = None,
    ) -> tuple[bytes, Any]:
        """Run the attempt in this worker.

        Args:
            held: The inputs that lay in the cluster, by now in this worker.
            interruptible: As for `run_packed`.
            send: As there.

        Returns:
            The news for `ClusterExecutor.outcome`, and the value if it is large, else None.
        """
        return run_holding(
            self.packed,
            lambda: joined(self.shape, self.plain, self.places, held),
            self.errand,
            interruptible=interruptible,
            send=send,
        )


class ClusterExecutor(Executor):
    """Runs attempts on the workers of a cluster, where large results stay.

    A subclass says how its engine connects, sends and stops. This hands over as many
    attempts as the cluster can take, refuses what no worker could run, and keeps track of
    what lies there.

    Args:
        prefetch: Attempts in the cluster at once, for each of its processors.

    Attributes:
        cluster: What messages call the cluster.
        names: What it calls the resources that steps ask for; the others' names are its own.
        advice: What else to say where no worker has what a step needs.
        own: Whether the cluster is this run's, and ends with it.
        flying: The attempts in the cluster, by what the engine knows them by.
        stopping: Those of them that are to end.
        processors: How many attempts the cluster can run at once, as last counted.
    """

    shares = False
    cluster: ClassVar[str]
    names: ClassVar[Mapping[str, str]]
    advice: ClassVar[str] = ""

    def __init__(self, prefetch: int) -> None:
        self.prefetch = prefetch
        self.own = False
        self.flying: dict[Any, Any] = {}
        self.stopping: set[Any] = set()
        self.processors = 1
        self._held: weakref.WeakSet[Held] = weakref.WeakSet()

    def open(self, tasks: Sequence[TaskInstance], max_parallel: int | None) -> None:
        """Connect, and check that these tasks can run there."""
        self._packing = Packing(tasks)
        self.flying, self.stopping = {}, set()
        self._held = weakref.WeakSet()
        self._most = attempts_at_once(tasks, max_parallel or MANY)
        self._bounded = max_parallel is not None
        self._counted, self.processors = 0.0, 1
        try:
            self.connect()
            self._check_needs(tasks)
            check_alike(self.describe(modules_of(tasks)))
        except BaseException:
            self._end()
            raise

    @property
    def slots(self) -> int:  # type: ignore[override]  # it follows the cluster
        """How many attempts may be in flight: workers come and go."""
        now = time.monotonic()
        if now > self._counted + COUNT_SECONDS:
            self._counted = now
            before, self.processors = self.processors, self.count()
            if before and not self.processors:
                logger.warning(
                    "The %s cluster has no workers: %d attempts wait for one.",
                    self.cluster,
                    len(self.flying),
                )
        if self._bounded:
            return self._most
        return max(1, min(self._most, self.processors * self.prefetch))

    def submit(self, attempt: Attempt) -> Outcome | None:
        """Hand the attempt over to the cluster."""
        return self.hand_over(attempt)

    def hand_over(self, attempt: Attempt, **how: Any) -> Outcome | None:
        """Send an attempt, its inputs that lie in the cluster apart from the others.

        Args:
            attempt: The attempt.
            **how: What `send` takes besides.
        """
        try:
            shape, plain, places, held = parted(attempt)
            packed = self._packing.attempt(attempt)
            errand = getattr(attempt, "errand", None)
            order = Order(packed, shape, plain, places, errand)
            return self.send(attempt, order.to_bytes(), held, **how)
        except DotflowError as error:
            return unsendable_attempt(attempt, error)

    def outcome(
        self, attempt: Attempt, news: bytes, stand_in: Callable[[Kept], Held]
    ) -> Outcome:
        """Return what came of an attempt.

        Args:
            attempt: The attempt.
            news: What `Order.run` has returned first.
            stand_in: Makes what stands for a value that has stayed there.
        """
        outcome, kept = read_news(news, attempt)
        if kept is None:
            return outcome
        held = stand_in(kept)
        self._held.add(held)
        return hold(outcome, held, kept)

    def close(self, kill: bool = False) -> None:
        """Stop what runs where that is asked for, and end a cluster of one's own."""
        try:
            if kill and self.flying:
                self.stop(list(self.flying))
            elif self.own and not kill:
                for held in list(self._held):
                    held.bring()
        finally:
            self.flying.clear()
            self._end()

    @abstractmethod
    def connect(self) -> None:
        """Connect to the cluster, or make one; sets `own` and `reach`.

        Raises:
            ClusterUnavailable: There is none.
        """

    @abstractmethod
    def disconnect(self) -> None:
        """Let go of the cluster, as far as `connect` has come; end it if it is `own`."""

    @abstractmethod
    def describe(self, modules: list[str]) -> Mapping[str, Likeness]:
        """Return what `likeness(modules)` says in workers, by their names."""

    @abstractmethod
    def resources(self) -> list[Mapping[str, float]]:
        """Return what each worker has."""

    @abstractmethod
    def count(self) -> int:
        """Return how many attempts the cluster can run at once."""

    @abstractmethod
    def send(
        self, attempt: Attempt, order: bytes, held: Sequence[Any], **how: Any
    ) -> Outcome | None:
        """Send an attempt, and note it in `flying`.

        Args:
            attempt: The attempt.
            order: An `Order`, as bytes.
            held: What stands for its inputs that lie in the cluster.
            **how: What `hand_over` was given besides.

        Returns:
            None, or the outcome of one that could not be sent.
        """

    @abstractmethod
    def stop(self, those: Sequence[Any]) -> None:
        """Stop attempts: interrupt their steps, then end the workers of those that go on.

        Args:
            those: Keys of `flying`.
        """

    def _end(self) -> None:
        own = self.own
        self.disconnect()
        self.own = False
        if own:
            for held in list(self._held):
                held.gone = True

    def _check_needs(self, tasks: Sequence[TaskInstance]) -> None:
        """Check that some worker has what each task needs: engines wait for ever."""
        steps = {task.step: None for task in tasks if task.step.resources}
        there = self.resources() if steps else []
        problems: dict[str, None] = {}
        for step in steps:
            needs = needs_of(step, self.names)
            if not any(_covers(worker, needs) for worker in there):
                has = "; ".join(_said(worker, needs) for worker in there) or "none"
                problems[
                    f"{step!r} needs {_said(needs, needs)}, and no worker of the"
                    f" {self.cluster} cluster has that: there is {has}.{self.advice}"
                ] = None
        if problems:
            raise GraphError(list(problems))


def needs_of(step: Any, names: Mapping[str, str]) -> dict[str, float]:
    """Return what an attempt of a step takes of its worker (`@action(resources=…)`).

    Args:
        step: The step.
        names: What the cluster calls it.
    """
    asked = step.resources or {}
    return {names.get(name, name): amount for name, amount in asked.items() if amount}


def _covers(there: Mapping[str, float], needs: Mapping[str, float]) -> bool:
    return all(there.get(name, 0) >= amount for name, amount in needs.items())


def _said(amounts: Mapping[str, float], names: Mapping[str, float]) -> str:
    return ", ".join(f"{name}={amounts.get(name, 0):g}" for name in names)
