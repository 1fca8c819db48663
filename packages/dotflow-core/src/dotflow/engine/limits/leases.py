"""`Leases`: slots of named limits that processes share through a durable storage.

A slot is a key whose record expires by itself, so what a killed process held is free
again after `LEASE_SECONDS`. A thread renews the leases of a process that lives.
"""

from __future__ import annotations

import threading

from dotflow.base.identity import new_ulid, quote_name
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

LEASE_SECONDS = 30.0


class Leases:
    """Acquires, renews and releases slots.

    Args:
        storage: A durable storage with `atomic_swap` and ttl.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._owner = new_ulid()
        self._held: set[str] = set()
        # Held across the storage's answer: a slot must not be given back by the loop
        # while the renewer takes it for another period.
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
            slot = f"limit-{quote_name(name)}#{number}"
            with self._lock:
                if slot in self._held:
                    continue  # by another attempt of this run, which has one owner
                if self._swap(slot, None):
                    self._held.add(slot)
                    self._keep_renewing()
                    return slot
        return None

    def release(self, slot: str) -> None:
        """Give a slot back."""
        with self._lock:
            if slot in self._held:
                self._held.discard(slot)
                self._storage.delete(slot)

    def close(self) -> None:
        """Give every slot back and end the renewing."""
        self._ended.set()  # before the slots go, so that none is renewed afterwards
        if self._renewer is not None:
            self._renewer.join()
        for slot in list(self._held):
            self.release(slot)

    def _swap(self, slot: str, expected: Context | None) -> bool:
        mine = Context(storage=self._owner)
        return self._storage.atomic_swap(slot, expected, mine, LEASE_SECONDS)

    def _keep_renewing(self) -> None:
        if self._renewer is None:
            self._renewer = threading.Thread(
                target=self._renew, name="dotflow-leases", daemon=True
            )
            self._renewer.start()

    def _renew(self) -> None:
        # Two renewals may fail before others take the slot of a process that lives; one
        # that was killed holds it for a lease at most.
        while not self._ended.wait(LEASE_SECONDS / 3):
            with self._lock:
                for slot in list(self._held):
                    if not self._swap(slot, Context(storage=self._owner)):
                        self._held.discard(slot)
