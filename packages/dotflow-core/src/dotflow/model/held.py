"""`Held`: a result that stays on the worker that made it, until somebody looks at it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dotflow.base.guard import told
from dotflow.errors import WorkerDied
from dotflow.model.context import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar


class Held(ABC):
    """A value somewhere else, as an executor puts it into an `Outcome`.

    It is needed there as long as somebody has this.

    Args:
        kind: The name of the value's type, as a report tells it.
        length: How many items it has; None where that is not known.

    Attributes:
        where: What messages call the place.
        stored: Whether a storage has it, which its worker wrote.
        problem: Why its worker did not, where it tried.
        again: Reads it from there.
        gone: Whether it is known to be in its place no more.
    """

    where: ClassVar[str] = "worker"
    again: Callable[[], Any]

    def __init__(self, kind: str, length: int | None) -> None:
        self.kind = kind
        self.length = length
        self.stored = False
        self.problem = ""
        self.gone = False
        self._brought: tuple[Any] | None = None

    @abstractmethod
    def get(self) -> Any:
        """Bring the value to this process, from its place.

        Raises:
            Exception: It is there no more; whatever the place tells.
        """

    def fetch(self) -> Any:
        """Return the value, brought here at most once.

        Raises:
            WorkerDied: It is there no more, and no storage has it.
            StorageError: The storage that should have it failed.
        """
        if self._brought is None:
            self._brought = (self._found(),)
        return self._brought[0]

    def _found(self) -> Any:
        cause: Exception | None = None
        if not self.lost:
            try:
                return self.get()
            except Exception as error:  # noqa: BLE001 - whatever the place tells
                self.gone, cause = True, error
        if self.stored:
            return self.again()
        why = "" if cause is None else f" ({told(cause).partition(chr(10))[0]})"
        raise WorkerDied(
            f"A result was lost with its {self.where}{why}. A storage that the workers"
            " reach would have kept it."
        ) from cause

    @property
    def lost(self) -> bool:
        """Whether it is known to be there no more, so that nothing else can use it."""
        return self.gone

    def bring(self) -> None:
        """Bring the value here before its place ends, if no storage has it."""
        if not (self.stored or self.lost):
            self.fetch()


class HeldParts(Held):
    """A list or a dictionary some of whose values are held, each in its own place.

    Args:
        parts: The values, and what stands for those.
    """

    def __init__(self, parts: list[Any] | dict[str, Any]) -> None:
        super().__init__(type(parts).__name__, len(parts))
        self.parts = parts

    def get(self) -> Any:
        """Bring what is elsewhere here."""
        parts = self.parts
        if isinstance(parts, dict):
            return {name: _brought(value) for name, value in parts.items()}
        return [_brought(value) for value in parts]

    fetch = get  # each part tells by itself that it was lost


def _brought(value: Any) -> Any:
    return value.fetch() if issubclass(type(value), Held) else value


class HeldContext(Context):
    """A context whose value is fetched when it is asked for, and kept from then on."""

    __slots__ = ("_held",)

    _held: Held | None

    @classmethod
    def holding(cls, held: Held, like: Context) -> HeldContext:
        """Return a context for a value that is held.

        Args:
            held: The value.
            like: A context of the same origin.
        """
        self = cls.__new__(cls)
        self._held = held
        self._storage = None
        self._take_origin(like)
        return self

    @property
    def storage(self) -> Any:
        """The value itself.

        Raises:
            WorkerDied: It was lost with its worker, and no storage has it.
            StorageError: The storage that should have it failed.
        """
        held = self._held
        if held is not None and self._storage is None:
            self._storage = held.fetch()
        return self._storage

    @storage.setter
    def storage(self, value: Any) -> None:
        self._held = None  # which lets go of it, unless somebody else needs it
        self._set_storage(value)

    @property
    def held(self) -> Held | None:
        """What stands for the value; None once another one has taken its place."""
        return self._held

    def __reduce__(self) -> Any:
        origin = (self.task_id, self.workflow_id, self.kept_time)
        return (Context.of_task, (self.storage, *origin, self.run_id, self.lineage))


def fetched(named: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return values by name, those that are held brought here."""
    return None if named is None else {n: _brought(v) for n, v in named.items()}


class Errand:
    """What a worker needs to store a large result itself, before it tells of it.

    Args:
        storage: The storage, pickled; the same bytes for the whole run.
        key: Where the result goes.
        fence: What the write has to check; None where no other run is kept out.
        origin: What `Context.of_task` takes after the value and without the time.
    """

    __slots__ = ("fence", "key", "origin", "storage")

    def __init__(self, storage: bytes, key: str, fence: Any, origin: Any) -> None:
        self.storage = storage
        self.key = key
        self.fence = fence
        self.origin = origin
