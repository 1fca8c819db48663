"""`Lease`: what one holder at a time has, through a storage that all of them share.

A lease is a record that names its holder: a process, since when, and when it was last
heard of. Whoever wants it takes it from nobody, or from a process that has died. Each
taking has a token of its own, the record's fingerprint; a storage checks it with every
write of the holder (`current_fence`), so a holder that was taken for dead and comes back
writes nothing more. Once lost, a lease is never taken again under the same token.
"""

from __future__ import annotations

import threading
import time

from dotflow.abc.storage import Fence
from dotflow.base.identity import new_ulid
from dotflow.base.liveness import has_died, host_and_pid, process_token
from dotflow.errors import WorkflowAlreadyRunning
from dotflow.model.context import Context
from dotflow.types import TypeIfRunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any
    from uuid import UUID

    from dotflow.abc.storage import Storage

BEAT_SECONDS = 10.0
# How often whoever waits for a lease looks whether it is free.
_LOOK_SECONDS = 0.2
# A released record is gone at once, in the same step in which it changes.
_AT_ONCE = 1e-6
# A task id tells a record from a missing key.
_NO_TASK = "-"
_OF_NO_TASK = ("", None, _NO_TASK)
_OUSTED = "another run was started with if_running='cancel'"

# The leases of this process by their tokens. One that was not given back, since the
# storage failed just then, is not here: nobody has to wait for this process's end.
_mine: dict[str, Lease] = {}


class Lease:
    """One key that one holder at a time has.

    Args:
        storage: A storage with `atomic_swap` and `get_fingerprint`.
        key: The key.
        workflow_id: Whose it is; a `clear` of another workflow leaves it.
        cancel_id: What a request to cancel the holder names; None where there is none.
        owner: What the holder is known by beside; None where nobody asks.
        token: What no other lease has for its token; None for a new one.

    Attributes:
        fence: What the holder's writes check.
        enders: Called as `end(reason, interrupt)`, in whatever thread, when the lease is
            lost, or another run wants its holders to end.
        shared_by: Whose runs may hold it together; None where nobody else's may.
    """

    def __init__(
        self,
        storage: Storage,
        key: str,
        workflow_id: UUID | str | None = None,
        cancel_id: UUID | str | None = None,
        owner: str | None = None,
        token: str | None = None,
    ) -> None:
        self._storage = storage
        self._workflow_id = workflow_id
        self._cancel_id = None if cancel_id is None else str(cancel_id)
        self._owner = owner
        self.shared_by: object = None
        self.fence = Fence(key, token or new_ulid())
        self.enders: list[Callable[[str, bool], None]] = []
        self._record: Context | None = None
        self._since = 0.0
        self._due = 0.0
        self._users = 0
        # Held across the storage's answer: what is given back is not renewed meanwhile.
        self._lock = threading.Lock()

    def take(self) -> Holder | None:
        """Take the lease, or return who holds it.

        Raises:
            StorageError: The storage failed.
        """
        self._since = time.time()
        token = self.fence.token
        # Before the record is there: another thread must not take it for a lost one.
        _mine[token] = self
        taken = False
        try:
            found: Context | None = None
            while not self._swap(found):
                found = self._storage.get(self.fence.key)
                holder = Holder.of(found)
                if holder is not None and not holder.is_gone():
                    return holder
            self._users, taken = 1, True
        finally:
            if not taken:
                del _mine[token]
        return None

    def taking(
        self,
        if_running: str | None,
        until: float | None,
        ask: Callable[[str, str], None],
    ) -> Generator[float, None, Lease | None]:
        """Take the lease of a run, waiting for as many seconds as each step yields.

        Args:
            if_running: A `TypeIfRunning`: what to do about another run; None to raise.
            until: When to give up waiting, by `time.monotonic`; None for never.
            ask: Asks a run of another process to end, by what requests to cancel it
                name, and says why.

        Returns:
            The lease, or the one that is shared instead; None to skip the run.

        Raises:
            WorkflowAlreadyRunning: Another run goes on, or still does by then.
            SwapNotSupported: What holds the data can hold no lease, and one was asked
                for.
            StorageError: The storage failed.
        """
        asked: str | None = None
        while (holder := self.take()) is not None:
            here = _mine.get(holder.token)
            if here is not None and here.shared_by is self.shared_by is not None:
                if here.join():
                    return here
                continue  # it was taken, or given back, just now
            if if_running == TypeIfRunning.SKIP:
                return None
            waits = if_running in (TypeIfRunning.WAIT, TypeIfRunning.CANCEL)
            if not waits or (until is not None and time.monotonic() >= until):
                raise WorkflowAlreadyRunning(self._workflow_id, str(holder))
            if if_running == TypeIfRunning.CANCEL and asked != holder.token:
                asked = holder.token
                if here is not None:
                    here.end(_OUSTED)
                elif holder.cancel_id is not None:
                    ask(holder.cancel_id, _OUSTED)
            yield _LOOK_SECONDS
        return self

    def join(self) -> bool:
        """Hold a lease together with who holds it; False where it was given back."""
        with self._lock:
            if self._users:
                self._users += 1
            return self._users > 0

    def beat(self) -> bool:
        """Note, now and then, that the holder lives; False where the lease is lost.

        Raises:
            StorageError: The storage failed.
        """
        return time.monotonic() < self._due or self.renew()

    def renew(self) -> bool:
        """Note that the holder lives; False where the lease is lost.

        Raises:
            StorageError: The storage failed.
        """
        with self._lock:
            if not self._users:
                return True
            found = self._record
            while not self._swap(found):
                # A swap whose answer was lost may have taken place.
                found = self._storage.get(self.fence.key)
                if not self._holds(found):
                    return False
            return True

    def release(self) -> None:
        """Give the lease back, if nobody else holds it together with this one.

        Raises:
            StorageError: The storage failed; the lease counts as given back.
        """
        with self._lock:
            self._users -= 1
            if self._users or _mine.pop(self.fence.token, None) is None:
                return
            # As one step: to delete it might hit who has taken it just now.
            nobody = Context.of_task(None, _NO_TASK, self._workflow_id, time.time())
            key, found = self.fence.key, self._record
            while not self._storage.atomic_swap(key, found, nobody, _AT_ONCE):
                found = self._storage.get(key)
                if not self._holds(found):
                    return

    def end(self, reason: str, interrupt: bool = True) -> None:
        """Tell the holders to end.

        Args:
            reason: Why.
            interrupt: Whether to stop a step that runs; not from its own thread.
        """
        for end in list(self.enders):
            end(reason, interrupt)

    def _swap(self, expected: Context | None) -> bool:
        self._due = time.monotonic() + BEAT_SECONDS
        now = time.time()
        record = {
            "token": self.fence.token,
            "process": process_token(),
            "since": self._since,
            "beat": now,
            "cancel": self._cancel_id,
            "owner": self._owner,
        }
        mine = Context.of_task(record, _NO_TASK, self._workflow_id, now)
        key, token = self.fence
        swapped = self._storage.atomic_swap(key, expected, mine, fingerprint=token)
        if swapped:
            self._record = mine
        return swapped

    def _holds(self, found: Context) -> bool:
        record = found.storage
        return isinstance(record, dict) and record.get("token") == self.fence.token


def is_lease(found: Context) -> bool:
    """Say whether what a storage has under a key is a lease, and no result of a task.

    One that was given back a moment ago is there still, and holds nothing.
    """
    if found.task_id == _NO_TASK:
        return True
    return found.storage is not None and found.task_id in _OF_NO_TASK


class Holder:
    """Who holds a lease, by its record.

    Args:
        record: The record.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self.token = str(record.get("token"))
        self.cancel_id: str | None = record.get("cancel")
        self.owner: str | None = record.get("owner")
        self._process = str(record.get("process"))
        self._since = float(record.get("since") or 0.0)
        self._beat = float(record.get("beat") or 0.0)

    @classmethod
    def of(cls, found: Context) -> Holder | None:
        """Return who holds a lease; None where nobody does."""
        record = found.storage
        if found.task_id not in _OF_NO_TASK:
            return cls({"beat": time.time()})  # a result in its place: nobody's to take
        if record is None:
            return None
        # dotflow 2.0.0a2 and before wrote a text, with a ttl that still ends it.
        return cls(record if isinstance(record, dict) else {"beat": time.time()})

    def is_gone(self) -> bool:
        """Say whether the holder has died."""
        if self._process == process_token():
            return self.token not in _mine
        return has_died(self._process, self._beat)

    def __str__(self) -> str:
        host, pid = host_and_pid(self._process)
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self._since))
        return f"process {pid} on host {host or 'unknown'} runs it since {since}"


def run_lease(
    storage: Storage,
    name: UUID | str,
    cancel_id: UUID | str | None,
    token: str | None = None,
) -> Lease:
    """Return the lease of the runs of a workflow or pipeline.

    Args:
        storage: Where it is.
        name: Its id.
        cancel_id: What a request to cancel the run names.
        token: As of a `Lease`.
    """
    # Not below "<id>-", which a reset of the workflow clears.
    return Lease(storage, f"lease-{name}", name, cancel_id, token=token)
