"""`MemorySlots`: slots of named limits that the runs of one process share."""

from __future__ import annotations

import os
import threading
from weakref import WeakKeyDictionary

from dotflow.base.identity import new_ulid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.abc.storage import Storage


class _Table:
    """Who holds what through one storage."""

    def __init__(self) -> None:
        # Held for a look at the table only, never while anything else is waited for.
        self.lock = threading.Lock()
        self.process = os.getpid()
        self.holders: dict[str, list[str]] = {}


_tables: WeakKeyDictionary[Storage, _Table] = WeakKeyDictionary()
_tables_lock = threading.Lock()


def _table_of(storage: Storage) -> _Table:
    with _tables_lock:
        try:
            table = _tables.get(storage)
            # A forked process has a copy, in which nobody gives back what others hold.
            if table is None or table.process != os.getpid():
                table = _tables[storage] = _Table()
        except TypeError:
            return _Table()  # a storage of a user's own may not be hashable
    return table


class MemorySlots:
    """Acquires and releases slots, as `Leases` does, among the threads of one process.

    Args:
        storage: The storage; runs that have the same object share its limits.

    Attributes:
        owner: What this run is known by.
    """

    def __init__(self, storage: Storage) -> None:
        self.owner = new_ulid()
        self._table = _table_of(storage)

    def acquire(self, name: str, size: int) -> str | None:
        """Take a free slot of a limit; see `Leases.acquire`."""
        with self._table.lock:
            holders = self._table.holders.setdefault(name, [])
            if len(holders) >= size:
                return None
            holders.append(self.owner)
        return name

    def held_by(self, name: str, size: int, owners: set[str]) -> bool:
        """Say whether one of some owners has a slot; see `Leases.held_by`."""
        with self._table.lock:
            return not owners.isdisjoint(self._table.holders.get(name, ()))

    def release(self, slot: str) -> None:
        """Give a slot back."""
        with self._table.lock:
            holders = self._table.holders.get(slot, [])
            if self.owner in holders:
                holders.remove(self.owner)
            if not holders:
                self._table.holders.pop(slot, None)

    def close(self) -> None:
        """Give every slot back."""
        with self._table.lock:
            for name, holders in list(self._table.holders.items()):
                holders[:] = [owner for owner in holders if owner != self.owner]
                if not holders:
                    del self._table.holders[name]
