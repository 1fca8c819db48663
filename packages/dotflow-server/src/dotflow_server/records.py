"""`Records`: small facts that the server keeps beside the runs, as JSON by name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dotflow.model.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow.abc.storage import Storage

    Record = dict[str, Any]

# A task id tells a record from a missing key.
_NO_TASK = "-"


class Records:
    """Records of one kind in a storage.

    Args:
        storage: A storage that other processes see.
        kind: What tells them from others, such as `"token"`.
    """

    def __init__(self, storage: Storage, kind: str) -> None:
        self._storage = storage
        self._prefix = f"server/{kind}/"

    def names(self) -> list[str]:
        """Return the names of all, sorted."""
        keys = self._storage.list_keys(self._prefix)
        return [key.removeprefix(self._prefix) for key in keys]

    def get(self, name: str) -> Record | None:
        """Return a record; None where there is none."""
        found = self._storage.get(self._prefix + name).storage
        return found if isinstance(found, dict) else None

    def put(self, name: str, record: Record) -> None:
        """Keep a record, in place of what has its name."""
        self._storage.post(self._prefix + name, _packed(record))

    def change(self, name: str, change: Callable[[Record], None]) -> bool:
        """Change a record in one step, whoever else does.

        Args:
            name: The record.
            change: Changes it; it may be called again.

        Returns:
            Whether there is one.
        """
        key = self._prefix + name
        while True:
            found = self._storage.get(key)
            if not isinstance(found.storage, dict):
                return False
            record = dict(found.storage)
            change(record)
            if self._storage.atomic_swap(key, found, _packed(record)):
                return True

    def first(self, name: str, record: Record) -> Record:
        """Keep a record unless there is one, and return the one that there is then."""
        key = self._prefix + name
        if self._storage.atomic_swap(key, None, _packed(record)):
            return record
        found = self.get(name)
        assert found is not None
        return found

    def delete(self, name: str) -> bool:
        """Remove a record, and say whether there was one."""
        return self._storage.delete(self._prefix + name)


def _packed(record: Record) -> Context:
    return Context.of_task(record, _NO_TASK, None, time.time())
