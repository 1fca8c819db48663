"""`Storage`: where the values that tasks leave behind are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import nullcontext

from dotflow.abc.fence import Fence as Fence
from dotflow.abc.fence import current_fence as current_fence
from dotflow.abc.retention import HeldHistory as HeldHistory
from dotflow.abc.retention import Retention as Retention

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any
    from uuid import UUID

    from dotflow.abc.history import History
    from dotflow.model.context import Context
    from dotflow.types import TTL, Digest, Reach

    Entry = tuple[Context, TTL, Digest]
    """What is to be stored, for how long, and the fingerprint beside it."""


class Storage(ABC):
    """The base of every storage.

    Only `post`, `get` and `key` must be written. The engine calls `post(key, context)`
    with these two arguments alone, so a storage without the other two parameters works
    for checkpoints and resume. `list_keys` and `delete` let a run be reset
    (`on_input_change="reset"`); `delete_prefix` and `clear` then work by themselves.

    Every method raises `StorageError` when the storage cannot be used, and loses
    nothing silently.
    """

    persistent: bool = True
    """Whether another process finds what this one stored. False: memory only."""

    shared: bool = False
    """Whether threads may share it and processes see each other's changes at once.

    Then a run can be cancelled, and limits be shared, through it.
    """

    fenced: bool = False
    """Whether `post` heeds `current_fence`, and there are `atomic_swap` and
    `get_fingerprint`.

    Then one run at a time holds a workflow id through it. Otherwise nobody is kept from
    running what another process runs.
    """

    reach: Reach = "process"
    """From where what it holds can be read and written: this process, this computer, or
    the whole network. It decides whether a worker elsewhere stores a result itself.

    A copy of the storage, pickled, must then do there what this one does here.
    """

    @property
    def codec_name(self) -> str | None:
        """`"pickle"` where whoever writes to the storage runs code in its readers.

        `"json"` where not; None where it is not known.
        """
        return None

    retention: Retention = Retention()
    """How much its history keeps; `Retention(keep_runs=0)` to keep none."""

    @property
    def history(self) -> History | None:
        """What the storage remembers of runs; None where it keeps no history.

        One that is `persistent` and `shared`, and has `list_keys` and `delete`, keeps
        one in records of its own, whose keys begin with `~history-`.
        """
        if not (self.persistent and self.shared):
            return None
        if not (_has(self, "list_keys") and _has(self, "delete")):
            return None
        from dotflow.history.record_history import own_history

        return own_history(self)

    @abstractmethod
    def post(
        self, key: str, context: Context, ttl: TTL = None, fingerprint: Digest = None
    ) -> None:
        """Store a context under a key, in place of whatever was there.

        When the method returns, a persistent storage must have made it durable. One with
        `fenced = True` stores it only if `current_fence.get()` is None or stands: where
        it can, in one step.

        Args:
            key: Any text; the engine's keys come from `key(task)`.
            context: What to store.
            ttl: After how many seconds the key is gone, more than 0. None: never, also
                where the old value had a ttl.
            fingerprint: A text kept beside the value, for `get_fingerprint`.

        Raises:
            StorageError: It cannot be stored; what was stored before is unchanged.
            LeaseLost: The fence has fallen: another run writes here now.
            EncodeError: The same, because of the value's type.
            ValueError: `ttl` is not a positive number.
        """

    @abstractmethod
    def get(self, key: str) -> Context:
        """Return the context stored under a key.

        A missing or expired key gives an empty `Context()`. A stored one has its
        `task_id`, which tells a stored None from a missing key.

        Raises:
            DecodeError: What is stored cannot be read back.
        """

    @abstractmethod
    def key(self, task: Any) -> str:
        """Return the key of a task's checkpoint, the same in every process.

        Args:
            task: A `Task`. `task.checkpoint_key` and, in a workflow with a fixed id,
                `task.task_id` are stable.
        """

    def delete(self, key: str) -> bool:
        """Remove a key.

        Returns:
            Whether there was one.
        """
        raise self._missing("delete")

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the sorted keys that begin with a prefix, expired ones left out."""
        raise self._missing("list_keys")

    def delete_prefix(self, prefix: str) -> int:
        """Remove every key that begins with a prefix, taken literally.

        Returns:
            How many there were.
        """
        return sum(self.delete(key) for key in self.list_keys(prefix))

    def clear(self, workflow_id: UUID | str) -> None:
        """Remove the keys of one workflow.

        They are those that begin with `<workflow_id>-`, except where the stored context
        names another workflow: `clear("etl")` leaves `"etl-v2-extract"` alone.
        """
        for key in self.list_keys(f"{workflow_id}-"):
            owner = self.get(key).workflow_id
            if owner is None or str(owner) == str(workflow_id):
                self.delete(key)

    def atomic_swap(
        self,
        key: str,
        expected: Context | Any,
        new: Context | Any,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> bool:
        """Store `new` if the key still holds the value of `expected`, in one step.

        Of several processes that swap the same value, exactly one succeeds.

        Args:
            key: The key.
            expected: A context whose value (`expected.storage`) must be the stored one;
                ids and times do not matter. None, or the empty `Context()` that `get`
                gives for a missing key: there must be no such key. Any other value
                stands for a context of it, as in dotflow 1.x.
            new: What to store; the same.
            ttl: As in `post`; an old ttl does not carry over.
            fingerprint: As in `post`.

        Returns:
            Whether it was stored.
        """
        raise self._missing("atomic_swap")

    def get_fingerprint(self, key: str) -> str | None:
        """Return the fingerprint stored with a key, None where there is none."""
        raise self._missing("get_fingerprint")

    def grouped(self) -> AbstractContextManager[Any]:
        """Store what is posted in the body of a `with` together, or nothing of it.

        It is durable when the block ends. For one thread, and for `post` alone: many
        results that have come at once then cost one wait for the disk. Here each is
        stored by itself.
        """
        return nullcontext()

    def revisit(self) -> None:
        """Notice, when a run begins, that the place was deleted or replaced since.

        A storage that keeps something open makes or opens it anew, and says so; what it
        notices in the middle of a run it raises.
        """
        return

    def run_begun(self, workflow_id: UUID | str) -> None:
        """Hear that a run begins whose results may be there already.

        Only a storage that is not `persistent` is told of runs.
        """
        return

    def run_ended(self, workflow_id: UUID | str, resumable: bool) -> None:
        """Hear that a run has ended: what is kept in memory may be let go.

        Args:
            workflow_id: The workflow.
            resumable: Whether its id was given, so that it can be run again.
        """
        return

    def record(self, key: str) -> str | None:
        """Return the stored text of a key as it is, None where there is none.

        Nothing in it is read: it is for whoever looks at what cannot be, or should not.
        """
        raise self._missing("record")

    def close(self) -> None:
        """Let go of connections and files; the next use opens them again."""
        self.close_history()

    def close_history(self) -> None:
        """Write what its history has yet to write; for a `close` of a storage's own."""
        held = self.__dict__.get("_history")
        if held is not None and held.history is not None:
            held.history.close()

    def _missing(self, method: str) -> NotImplementedError:
        return NotImplementedError(
            f"{type(self).__name__} has no {method}(). Override"
            f" dotflow.abc.storage.Storage.{method} in it, or use a storage that has"
            " it, such as StorageFile or StorageSQLite."
        )


class SwappingStorage(Storage):
    """The base of dotflow's own storages: keys are as given, and contexts are swapped."""

    def key(self, task: Any) -> str:
        """Return `task.checkpoint_key`: `<workflow_id>-<name>`."""
        key: str = task.checkpoint_key
        return key

    def atomic_swap(
        self,
        key: str,
        expected: Context | Any,
        new: Context | Any,
        ttl: TTL = None,
        fingerprint: Digest = None,
    ) -> bool:
        """Store `new` if the key holds `expected`; see `Storage.atomic_swap`."""
        check_ttl(ttl)
        expected, new = as_contexts(expected, new)
        return self._swap(key, expected, (new, ttl, fingerprint))

    @abstractmethod
    def _swap(self, key: str, expected: Context | None, new: Entry) -> bool:
        """Do what `atomic_swap` is asked."""


def server_reach(host: str | None, secret: bool) -> Reach:
    """Return the `reach` of a storage that is a server.

    Args:
        host: The server's; None, or a path, for one of this computer.
        secret: Whether a password would travel with a copy of the storage: workers do
            not get it then, unless its owner says so (`storage.reach = "network"`).
    """
    if secret:
        return "process"
    here = not host or host.startswith(("/", "127.", "localhost", "[::1]", "::1"))
    return "host" if here else "network"


def as_contexts(expected: Any, new: Any) -> tuple[Context | None, Context]:
    """Return what `atomic_swap` was given as contexts: 1.x took mere values.

    Args:
        expected: A context, a value, or None.
        new: A context or a value.
    """
    from dotflow.model.context import Context

    if not (expected is None or isinstance(expected, Context)):
        expected = Context(storage=expected)
    return expected, new if isinstance(new, Context) else Context(storage=new)


def is_empty(context: Context | None) -> bool:
    """Tell whether `expected` of `atomic_swap` stands for a missing key."""
    return context is None or (
        context.storage is None and not context.task_id and context.workflow_id is None
    )


def check_ttl(ttl: float | None) -> None:
    """Refuse a ttl that is not a positive number of seconds.

    Raises:
        ValueError: It is zero, negative or not a number.
    """
    if ttl is not None and not ttl > 0:
        raise ValueError(f"ttl={ttl!r} must be more than 0 seconds, or None for never.")


def _has(storage: Storage, method: str) -> bool:
    return getattr(type(storage), method, None) is not getattr(Storage, method)
