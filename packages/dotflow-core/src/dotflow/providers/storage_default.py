"""`StorageDefault`: values in the memory of this process."""

from __future__ import annotations

from itertools import islice
from math import inf
from threading import RLock
from time import monotonic

from dotflow.abc.storage import (
    SwappingStorage,
    check_ttl,
    current_fence,
    is_empty,
)
from dotflow.base.arguments import check_count
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
    from uuid import UUID

    from dotflow.abc.storage import Entry
    from dotflow.types import TTL, Digest

_RESUMABLE = 10
_PURGE_FROM = 64


class StorageDefault(SwappingStorage):
    """Keeps contexts in memory, as they are: neither encoded nor copied.

    Any value can be stored, and it is gone when the process ends. Threads may share it;
    a ttl is measured by the monotonic clock.

    A service may make a run with one storage again and again, so the results of runs
    that have ended are let go: of workflows with a random id, which nobody can resume,
    those of all but the newest `keep_runs` runs; of workflows with a fixed id those of
    all but the newest ten ids, or `keep_runs` if that is more. The tasks of a workflow
    have their results nevertheless, and what `cache=True` keeps is not touched.

    Args:
        keep_runs: How many; None for all, which nothing bounds then.

    Raises:
        InvalidTask: `keep_runs` is no whole number from 1 on.
    """

    persistent = False
    fenced = True

    def __init__(self, *, keep_runs: int | None = 1) -> None:
        if keep_runs != 1:
            check_count("keep_runs", keep_runs)
        self._keep_runs = keep_runs
        # The ids of runs that have ended, in that order: of no more use than to be read
        # here, and of use to a resume.
        self._ended: tuple[dict[str, None], dict[str, None]] = ({}, {})
        # Re-entrant: `delete_prefix` and `clear` hold it around `list_keys` and `delete`.
        self._lock = RLock()
        self._contexts: dict[str, Context] = {}
        # Deadline and fingerprint, only of the keys that were given one: the engine
        # gives neither, and pays nothing for them.
        self._extras: dict[str, tuple[float, str | None]] = {}
        self._purge_at = _PURGE_FROM

    def post(
        self, key: str, context: Context, ttl: TTL = None, fingerprint: Digest = None
    ) -> None:
        """Store a context; see `Storage.post`."""
        fence = current_fence.get()
        if ttl is None and fingerprint is None and fence is None and not self._extras:
            with self._lock:
                self._contexts[key] = context
                # Another thread may have given a ttl since the test above.
                if self._extras:
                    self._extras.pop(key, None)
            return
        check_ttl(ttl)
        with self._lock:
            if fence is not None and self.get_fingerprint(fence.key) != fence.token:
                raise fence.lost()
            if len(self._extras) >= self._purge_at:
                self._purge()
            self._put(key, context, ttl, fingerprint)

    def direct_put(self) -> Callable[[str, Context], None] | None:
        """Return what stores a context under a key that nobody else writes.

        It does what `post` does there, in a seventh of the time. None where somebody has
        put another `post` in its place, or derived a class from this one.
        """
        ours = type(self) is StorageDefault and StorageDefault.post is _POST
        return self._contexts.__setitem__ if ours and "post" not in vars(self) else None

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

    def _swap(self, key: str, expected: Context | None, new: Entry) -> bool:
        """Store `new` if the key holds `expected`; see `Storage.atomic_swap`."""
        with self._lock:
            current = None if self._expired(key) else self._contexts.get(key)
            if current is None:
                if not is_empty(expected):
                    return False
            elif expected is None or not _same_value(current.storage, expected.storage):
                return False
            self._put(key, *new)
            return True

    def get_fingerprint(self, key: str) -> str | None:
        """Return a key's fingerprint; see `Storage.get_fingerprint`."""
        with self._lock:
            if self._expired(key):
                return None
            given = self._extras.get(key, (inf, None))[1]
            return self.get(key).lineage if given is None else given

    def run_begun(self, workflow_id: UUID | str) -> None:
        """Keep what there is of a workflow that goes on; see `Storage.run_begun`."""
        with self._lock:
            for ended in self._ended:
                ended.pop(str(workflow_id), None)

    def run_ended(self, workflow_id: UUID | str, resumable: bool) -> None:
        """Let go of runs that ended before; see `Storage.run_ended`."""
        if self._keep_runs is None:
            return
        keep = max(self._keep_runs, _RESUMABLE) if resumable else self._keep_runs
        with self._lock:
            ended = self._ended[resumable]
            ended.pop(str(workflow_id), None)
            ended[str(workflow_id)] = None
            surplus = len(ended) - keep
            # Many at once, where many are kept: to find their keys is to look at all.
            if surplus > keep // 10:
                gone = set(islice(ended, surplus))
                for one in gone:
                    del ended[one]
                self._let_go(gone)

    def _let_go(self, workflow_ids: set[str]) -> None:
        # A UUID takes far longer to write than a key to look at, and the tasks of a run
        # share one.
        prefixes = tuple([f"{one}-" for one in workflow_ids])
        owner, gone = None, False
        for key, context in list(self._contexts.items()):
            if not key.startswith(prefixes):
                continue
            if context.workflow_id is not owner:
                owner = context.workflow_id
                gone = str(owner) in workflow_ids
            if gone:
                del self._contexts[key]
                self._extras.pop(key, None)

    def _put(self, key: str, context: Context, ttl: TTL, fingerprint: Digest) -> None:
        self._contexts[key] = context
        self._extras.pop(key, None)
        if ttl is not None or fingerprint is not None:
            # Nobody else sees these values, so the clock need not be the wall's.
            deadline = inf if ttl is None else monotonic() + ttl
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


_POST = StorageDefault.post
