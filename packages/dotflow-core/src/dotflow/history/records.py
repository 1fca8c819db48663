"""`Records`: where a history is kept that is no database, by name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from dotflow.abc.fence import current_fence
from dotflow.codec.codec import Codec
from dotflow.errors import DecodeError
from dotflow.model.context import Context

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage

Record = dict[str, Any]

# Listed by itself, as the runs of pipelines are; no workflow's keys begin like this.
_PREFIX = "~history-"


class Records(Protocol):
    """Keeps records, which are what JSON can hold; each is replaced as a whole.

    Every method raises `StorageError` where the place cannot be used.
    """

    slow: bool
    """Whether to read one may wait for a network, so that several are read at once."""

    @property
    def place(self) -> str:
        """What a user knows the place by."""

    def put(self, name: str, record: Record) -> None:
        """Keep a record, in place of what has its name; a kill leaves one or the other."""

    def get(self, name: str) -> Record | None:
        """Return a record, None where there is none.

        Raises:
            DecodeError: It is damaged.
        """

    def names(self, prefix: str) -> list[str]:
        """Return the sorted names that begin so."""

    def remove(self, name: str) -> None:
        """Remove a record that may be gone already."""


class StorageRecords:
    """Keeps records in a storage, each under a key of its own.

    Args:
        storage: The storage; it has `list_keys` and `delete`.
    """

    slow = True

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    @property
    def place(self) -> str:
        """The storage, as it shows itself."""
        return type(self._storage).__name__

    def put(self, name: str, record: Record) -> None:
        """Keep a record; see `Records.put`."""
        context = Context.of_task(record, name, None, time.time())
        # A history is not what a lease guards: it tells of a run that has lost it, too.
        before = current_fence.set(None)
        try:
            self._storage.post(_PREFIX + name, context)
        finally:
            current_fence.reset(before)

    def get(self, name: str) -> Record | None:
        """Return a record, without ever loading a pickle; see `Records.get`."""
        key = _PREFIX + name
        if self._storage.codec_name is None:
            found = self._storage.get(key).storage
        else:
            text = self._storage.record(key)
            found = None if text is None else Codec().decode_context(text).storage
        if found is None or isinstance(found, dict):
            return found
        raise DecodeError(f"The key {key!r} of {self.place} is no part of a history.")

    def names(self, prefix: str) -> list[str]:
        """Return the sorted names that begin so; see `Records.names`."""
        keys = self._storage.list_keys(_PREFIX + prefix)
        return sorted(key[len(_PREFIX) :] for key in keys)

    def remove(self, name: str) -> None:
        """Remove a record; see `Records.remove`."""
        self._storage.delete(_PREFIX + name)
