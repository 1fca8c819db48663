"""`Leases`: slots of named limits that processes share through a durable storage.

A slot is a lease of its own; a thread renews those of a process that lives.
"""

from __future__ import annotations

import threading

from dotflow.base.identity import new_ulid, quote_name
from dotflow.engine.lease import BEAT_SECONDS, Holder, Lease

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.abc.storage import Storage


class Leases:
    """Acquires, renews and releases slots.

    Args:
        storage: A durable storage with `atomic_swap`.

    Attributes:
        owner: What this run is known by.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.owner = new_ulid()
        self._held: dict[str, Lease] = {}
        # Of `_held` alone; each lease has one of its own for the storage's answers.
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._renewer: threading.Thread | None = None

    def acquire(self, name: str, size: int) -> str | None:
        """Take a free slot of a limit.

        Args:
            name: The limit.
            size: How many slots it has.

        Returns:
            The slot, or None if all are taken.
        """
        for number in range(size):
            slot = _slot(name, number)
            if self.take(slot):
                return slot
        return None

    def take(self, slot: str) -> bool:
        """Take a slot; False where somebody has it."""
        if slot in self._held:
            return False  # by another attempt of this run
        lease = Lease(self._storage, slot, owner=self.owner)
        if lease.take() is not None:
            return False
        with self._lock:
            self._held[slot] = lease
        self._keep_renewing()
        return True

    def held_by(self, name: str, size: int, owners: set[str]) -> bool:
        """Say whether one of some owners has a slot.

        Args:
            name: The limit.
            size: How many slots it has.
            owners: Who is asked for.
        """
        slots = (_slot(name, number) for number in range(size))
        holders = (Holder.of(self._storage.get(slot)) for slot in slots)
        return any(one is not None and one.owner in owners for one in holders)

    def release(self, slot: str) -> None:
        """Give a slot back."""
        with self._lock:
            lease = self._held.pop(slot, None)
        if lease is not None:
            lease.release()

    def close(self) -> None:
        """Give every slot back and end the renewing."""
        self._ended.set()  # before the slots go, so that none is renewed afterwards
        if self._renewer is not None:
            self._renewer.join()
        for slot in list(self._held):
            self.release(slot)

    def _keep_renewing(self) -> None:
        if self._renewer is None:
            self._renewer = threading.Thread(
                target=self._renew, name="dotflow-leases", daemon=True
            )
            self._renewer.start()

    def _renew(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            with self._lock:
                held = list(self._held.items())
            for slot, lease in held:
                # By a process elsewhere that took this one for dead.
                if not lease.beat():
                    with self._lock:
                        self._held.pop(slot, None)


def _slot(name: str, number: int) -> str:
    return f"limit-{quote_name(name)}#{number}"
