"""`ResultCache`: results of steps by what they depend on, kept across runs."""

from __future__ import annotations

import os
import threading

from dotflow.base.guard import told
from dotflow.engine.clock import ASK_AGAIN_SECONDS, ASK_SELDOM_SECONDS
from dotflow.engine.lease import is_lease
from dotflow.engine.limits.held import begin_step, counts_as, end_step
from dotflow.errors import InvalidTask, StorageError, SwapNotSupported
from dotflow.model.fingerprint import code_fingerprint, value_fingerprint
from dotflow.model.held import fetched
from dotflow.model.own import own_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from dotflow.abc.storage import Storage
    from dotflow.engine.limits.held import HeldValue
    from dotflow.engine.limits.leases import Leases
    from dotflow.model.action import Action
    from dotflow.model.context import Context
    from dotflow.model.task import Attempt

_PREFIX = "cache-"
# The calls that any run of a process computes now, by its id and their keys: a process
# that was forked meanwhile has those of the former one, which end elsewhere.
_computing: dict[tuple[int, str], CachedCall] = {}


class CachedCall:
    """One call of a step with `@action(cache=True)`, known by what it is given.

    Attributes:
        key: What its result is kept under. It is made before the step runs, which may
            change its inputs.
        ttl: For how many seconds the result is kept; None for ever.
        held: What the step holds, beside its inputs.
        place: What this process knows it by.
        thread: The thread of the loop that began it.
        turns: The event loop in which it waits, and lets others have their turn; None
            where it blocks the thread.
    """

    __slots__ = ("held", "key", "place", "thread", "ttl", "turns")

    def __init__(
        self, key: str, ttl: float | None, held: list[HeldValue], turns: object
    ) -> None:
        self.key = key
        self.ttl = ttl
        self.held = held
        self.thread = threading.get_ident()
        self.turns = turns
        self.place = (os.getpid(), key)


class ResultCache:
    """Finds and keeps the results of steps with `@action(cache=True)`.

    Equal calls at once are computed once: the others wait and find the result. That is
    so among all runs of a process, and of all processes where the storage can hold a
    lease: the key holds one meanwhile, and the result comes in its place.

    Args:
        storage: Where results are kept, under keys that begin with `cache-`.
        refresh: Compute everything again, and keep the new results.
        awaits: Whether the run waits in an event loop, and blocks no thread.

    Attributes:
        ask_again: After how many seconds who waits for a result is to look again.
    """

    def __init__(self, storage: Storage, refresh: bool, awaits: bool) -> None:
        # Seldom where each look is a request to a cloud.
        self.ask_again = ASK_AGAIN_SECONDS
        self._awaits = awaits
        self._storage = storage
        self._refresh = refresh
        self._begun: set[CachedCall] = set()
        self._leases: Leases | None = None
        if not refresh and (storage.shared or (storage.fenced and storage.persistent)):
            from dotflow.engine.limits.leases import Leases

            self._leases = Leases(storage)
            if not storage.shared:
                self.ask_again = ASK_SELDOM_SECONDS

    def check(self, steps: Iterable[Action[..., Any]]) -> None:
        """Refuse steps that cannot be told from others, before anything runs.

        Raises:
            InvalidTask: A step holds what has no state to compare.
        """
        for step in steps:
            if step.cache:
                _code(step, step.__qualname__, [])

    def call(self, attempt: Attempt) -> CachedCall:
        """Return what an attempt would be, before it runs.

        Raises:
            StorageError: The step's `cache_key` failed.
            InvalidTask: The inputs, or the step, cannot be compared.
        """
        task, step = attempt.task, attempt.task.step
        inputs = step.inputs(task, attempt.previous, fetched(attempt.named))
        held: list[HeldValue] = []
        try:
            chosen = step.cache_key(**inputs) if step.cache_key else None
        except Exception as error:
            raise StorageError(
                f"The cache_key of task '{task.name}' failed: {told(error)}"
            ) from error
        if step.cache_key is None:
            if isinstance(step.func, type):  # whose methods ask for them, too
                inputs["previous_context"] = attempt.previous
                inputs["initial_context"] = task.initial_context
            chosen = sorted(inputs.items())
        try:
            given = value_fingerprint(chosen)
        except TypeError as error:
            raise InvalidTask(
                f"The inputs of task '{task.name}' cannot be compared with those"
                f" of other runs: {error} Give cache_key=…, a function of the inputs that"
                " returns plain values, beside cache=True."
            ) from error
        code = _code(step, task.name, held)
        key, turns = f"{_PREFIX}{code[:32]}{given[:32]}", None
        if self._awaits:
            import asyncio

            turns = asyncio.get_running_loop()
        return CachedCall(key, step.cache_ttl, held, turns)

    def find(self, call: CachedCall) -> Context | None:
        """Return the kept result of the same code on the same inputs, or None.

        Raises:
            StorageError: The storage failed.
        """
        if self._refresh:
            return None
        found = self._storage.get(call.key)
        if self._leases is not None and is_lease(found):
            return None
        if found.task_id:
            return found if self._storage.persistent else own_context(found)
        # A storage of a user's own may keep bare values.
        return None if found.storage is None else found

    def begin(self, call: CachedCall) -> bool:
        """Compute a result that was not found; False where somebody does so already.

        Raises:
            StorageError: The storage failed.
        """
        if not self._refresh:
            other = _computing.setdefault(call.place, call)
            if other is not call:
                if other in self._begun or not _is_beneath(call, other):
                    return False
            elif not self._leased(call):
                return False
        self._begun.add(call)
        begin_step(call.held)
        return True

    def _leased(self, call: CachedCall) -> bool:
        leased = False
        try:
            leased = self._leases is None or self._leases.take(call.key)
        except SwapNotSupported:
            # As some services that speak S3: those of this process wait for each other.
            self._leases, self.ask_again, leased = None, ASK_AGAIN_SECONDS, True
        finally:
            if not leased:
                del _computing[call.place]
        return leased

    def keep(self, call: CachedCall, result: Context) -> None:
        """Keep a result, for `cache_ttl` seconds where the step has one.

        Raises:
            StorageError: The storage failed, or cannot hold the result.
        """
        # A user may change the one that the run shows: a memory keeps what it is given.
        kept = result if self._storage.persistent else own_context(result)
        try:
            if call.ttl is None:
                self._storage.post(call.key, kept)
            else:
                self._storage.post(call.key, kept, call.ttl)
        finally:
            self.end(call)

    def end(self, call: CachedCall) -> None:
        """Let others compute a result: this run does not any more."""
        if call not in self._begun:
            return
        self._begun.discard(call)
        end_step(call.held)
        if _computing.get(call.place) is call:
            try:
                # First: another run of this process would be refused the lease.
                if self._leases is not None:
                    self._leases.release(call.key)
            finally:
                del _computing[call.place]

    def close(self) -> None:
        """End what has begun, with the run."""
        for call in list(self._begun):
            self.end(call)
        if self._leases is not None:
            self._leases.close()


def _is_beneath(call: CachedCall, other: CachedCall) -> bool:
    """Say whether another run can go on only once the run of this call has ended.

    Both are in one thread then, and do not take turns in one event loop.
    """
    if other.thread != call.thread:
        return False
    return call.turns is None or other.turns is not call.turns


def _code(step: Action[..., Any], name: str, held: list[HeldValue]) -> str:
    """Return the fingerprint of a step's code.

    Args:
        step: The step.
        name: What its task is called.
        held: Gets what the step holds, beside its inputs.

    Raises:
        InvalidTask: It holds what has no state to compare.
    """

    def note(value: Any, token: bytes) -> bytes:
        token = counts_as(value, token)
        held.append((value, token))
        return token

    try:
        own = code_fingerprint(step.func, note, any_object=step.cache_key is not None)
    except TypeError as error:
        raise InvalidTask(
            f"cache=True on task '{name}': its step closes over, or has by default, what"
            f" cannot be compared with that of other runs: {error} Make it an input, or"
            " give cache_key=…, a function of the inputs that tells which calls are one."
        ) from error
    return value_fingerprint([step.__module__, step.__qualname__, own])
