"""`StorageDefault`: values in the memory of this process."""

from __future__ import annotations

from threading import RLock
from time import monotonic
from typing import Any

from dotflow.abc.storage import Storage, check_ttl, is_empty
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uuid import UUID

_NEVER = float("inf")
_PURGE_FROM = 64


class StorageDefault(Storage):
    """Keeps contexts in memory, as they are: neither encoded nor copied.

    Any value can be stored, and it is gone when the process ends. Threads may share it;
    a ttl is measured by the monotonic clock.
    """

    persistent = False

    def __init__(self) -> None:
        # Re-entrant: `delete_prefix` and `clear` hold it around `list_keys` and `delete`.
        self._lock = RLock()
        self._contexts: dict[str, Context] = {}
        # Deadline and fingerprint, only of the keys that were given one: the engine
        # gives neither, and pays nothing for them.
        self._extras: dict[str, tuple[float, str | None]] = {}
        self._purge_at = _PURGE_FROM

    def post(
        self,
        key: str,
        context: Context,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> None:
        """Store a context; see `Storage.post`."""
        if ttl is None and fingerprint is None and not self._extras:
            with self._lock:
                self._contexts[key] = context
                # Another thread may have given a ttl since the test above.
                if self._extras:
                    self._extras.pop(key, None)
            return
        check_ttl(ttl)
        with self._lock:
            if len(self._extras) >= self._purge_at:
                self._purge()
            self._put(key, context, ttl, fingerprint)

    def get(self, key: str) -> Context:
        """Return the stored context itself, or an empty one; see `Storage.get`."""
        if self._extras:
            with self._lock:
                if self._expired(key):
                    return Context()
                context = self._contexts.get(key)
        else:
            # One look-up in a dict is atomic, so the usual way takes no lock.
            context = self._contexts.get(key)
        return Context() if context is None else context

    def key(self, task: Any) -> str:
        """Return `task.checkpoint_key`: `<workflow_id>-<name>`."""
        key: str = task.checkpoint_key
        return key

    def delete(self, key: str) -> bool:
        """Remove a key; see `Storage.delete`."""
        with self._lock:
            present = key in self._contexts and not self._expired(key)
            self._contexts.pop(key, None)
            self._extras.pop(key, None)
            return present

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the sorted keys with a prefix; see `Storage.list_keys`."""
        with self._lock:
            self._purge()
            return sorted(key for key in self._contexts if key.startswith(prefix))

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key with a prefix; see `Storage.delete_prefix`."""
        with self._lock:
            return super().delete_prefix(prefix)

    def clear(self, workflow_id: UUID | str) -> None:
        """Remove the keys of one workflow; see `Storage.clear`."""
        with self._lock:
            super().clear(workflow_id)

    def atomic_swap(
        self,
        key: str,
        expected: Context | None,
        new: Context,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> bool:
        """Store `new` if the key holds `expected`; see `Storage.atomic_swap`."""
        check_ttl(ttl)
        with self._lock:
            current = None if self._expired(key) else self._contexts.get(key)
            if current is None:
                if not is_empty(expected):
                    return False
            elif expected is None or not _same_value(current.storage, expected.storage):
                return False
            self._put(key, new, ttl, fingerprint)
            return True

    def get_fingerprint(self, key: str) -> str | None:
        """Return a key's fingerprint; see `Storage.get_fingerprint`."""
        with self._lock:
            if self._expired(key):
                return None
            return self._extras.get(key, (_NEVER, None))[1]

    def _put(
        self, key: str, context: Context, ttl: float | None, fingerprint: str | None
    ) -> None:
        self._contexts[key] = context
        self._extras.pop(key, None)
        if ttl is not None or fingerprint is not None:
            # Nobody else sees these values, so the clock need not be the wall's.
            deadline = _NEVER if ttl is None else monotonic() + ttl
            self._extras[key] = (deadline, fingerprint)

    def _expired(self, key: str) -> bool:
        return key in self._extras and self._extras[key][0] <= monotonic()

    def _purge(self) -> None:
        for key in [key for key in self._extras if self._expired(key)]:
            del self._contexts[key], self._extras[key]
        # Twice as many before the next time, so that a post stays cheap.
        self._purge_at = max(_PURGE_FROM, 2 * len(self._extras))


def _same_value(one: Any, other: Any) -> bool:
    # Late: a workflow without swaps needs no codec.
    from dotflow.codec.codec import same_value

    return same_value(one, other)
