"""`Storage`: where the values that tasks leave behind are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.abc.history import History
    from dotflow.model.context import Context


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

    @property
    def history(self) -> History | None:
        """What the storage remembers of runs; None where it keeps no history."""
        return None

    @abstractmethod
    def post(
        self,
        key: str,
        context: Context,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> None:
        """Store a context under a key, in place of whatever was there.

        When the method returns, a persistent storage must have made it durable.

        Args:
            key: Any text; the engine's keys come from `key(task)`.
            context: What to store.
            ttl: After how many seconds the key is gone, more than 0. None: never, also
                where the old value had a ttl.
            fingerprint: A text kept beside the value, for `get_fingerprint`.

        Raises:
            StorageError: It cannot be stored; what was stored before is unchanged.
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
        expected: Context | None,
        new: Context,
        ttl: float | None = None,
        fingerprint: str | None = None,
    ) -> bool:
        """Store `new` if the key still holds the value of `expected`, in one step.

        Of several processes that swap the same value, exactly one succeeds.

        Args:
            key: The key.
            expected: A context whose value (`expected.storage`) must be the stored one;
                ids and times do not matter. None, or the empty `Context()` that `get`
                gives for a missing key: there must be no such key.
            new: What to store.
            ttl: As in `post`; an old ttl does not carry over.
            fingerprint: As in `post`.

        Returns:
            Whether it was stored.
        """
        raise self._missing("atomic_swap")

    def get_fingerprint(self, key: str) -> str | None:
        """Return the fingerprint stored with a key, None where there is none."""
        raise self._missing("get_fingerprint")

    def close(self) -> None:
        """Let go of connections and files; the next use opens them again."""
        return

    def _missing(self, method: str) -> NotImplementedError:
        return NotImplementedError(
            f"{type(self).__name__} has no {method}(). Override"
            f" dotflow.abc.storage.Storage.{method} in it, or use a storage that has"
            " it, such as StorageFile or StorageSQLite."
        )


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
