"""`Context`: what a task receives and what it leaves behind."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from dotflow.base.guard import name_of
from dotflow.base.identity import check_workflow_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Generic, TypeVar
    from uuid import UUID

    T = TypeVar("T")

    class Field(Generic[T]):
        """What type checkers see of a property whose getter is no call."""

        def __get__(self, instance: object, owner: object) -> T: ...
        def __set__(self, instance: object, value: T) -> None: ...


def _as_task_id(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(
            f"Context.task_id must be a str or None, not {type(value).__name__}."
        )
    return value


def _as_workflow_id(value: Any) -> UUID | str | None:
    return None if value is None else check_workflow_id(value)


def _field(
    slot: str, doc: str, check: Callable[[Any], Any] = lambda value: value
) -> Any:
    """Return a property of a slot.

    A run reads it a million times: without a getter in Python that is no call.
    """

    def put(context: Context, value: Any) -> None:
        setattr(context, slot, check(value))

    return property(attrgetter(slot), put, doc=doc)


class ContextInstance:
    """The base of every context, kept for `isinstance` checks of dotflow 1.x."""

    __slots__ = ()


class Context(ContextInstance):
    """A value with where and when it came from.

    Args:
        storage: The value itself, of any type. A `Context` is copied: its value, time
            and ids.
        task_id: The id of the task that made the value, or None.
        workflow_id: The id of its workflow: a UUID, a string or None.

    Raises:
        TypeError: An id is of a wrong type.
        ValueError: `workflow_id` is malformed.
    """

    # Pickles know them by these names.
    __slots__ = ("_lineage", "_run_id", "_storage", "_task_id", "_time", "_workflow_id")

    task_id: Field[str | None] = _field(
        "_task_id",
        'The id of the task that made the value, `""` or None where no task did.',
        _as_task_id,
    )
    workflow_id: Field[UUID | str | None] = _field(
        "_workflow_id",
        "The id of the workflow that the value belongs to.",
        _as_workflow_id,
    )
    run_id: Field[str | None] = _field(
        "_run_id", "The run that made the value, or None where no run did."
    )
    lineage: Field[str | None] = _field(
        "_lineage", "What a stored value was made from; None where nobody can resume."
    )
    kept_time: Field[float | datetime] = _field(
        "_time", "When the value was made, in seconds since the epoch or as `time`."
    )

    def __init__(
        self,
        storage: Any = None,
        task_id: str | None = "",
        workflow_id: UUID | str | None = None,
    ) -> None:
        self._storage: Any = None
        self._time: datetime | float = datetime.now()
        self._run_id: str | None = None
        self._lineage: str | None = None
        self._task_id = _as_task_id(task_id)
        self._workflow_id = _as_workflow_id(workflow_id)
        self._set_storage(storage)

    @classmethod
    def of_task(
        cls,
        storage: Any,
        task_id: str,
        workflow_id: UUID | str | None,
        time: float | datetime,
        run_id: str | None = None,
        lineage: str | None = None,
    ) -> Context:
        """Build the context of a task that has ended, from values known to be valid.

        Args:
            storage: The task's result; a `Context` is unwrapped.
            task_id: The task's id.
            workflow_id: Its workflow's id.
            time: When it ended, in seconds since the epoch or in local time.
            run_id: The run that the task ended in.
            lineage: What the result was made from; see `dotflow.engine.lineage`.
        """
        self = cls.__new__(cls)
        # Its real class: `__class__` is code of the value.
        self._storage = (
            storage.storage if issubclass(type(storage), Context) else storage
        )
        self._task_id = task_id
        self._workflow_id = workflow_id
        self._time = time
        self._run_id = run_id
        self._lineage = lineage
        return self

    def __setstate__(self, state: tuple[dict[str, Any] | None, dict[str, Any]]) -> None:
        self._lineage = None  # pickled before 2.0.0a3, it has none
        for values in state:  # those of a subclass, and of the slots
            for name, value in (values or {}).items():
                setattr(self, name, value)

    @classmethod
    def twin(cls, other: Context) -> Context:
        """Return a new context of the same value and origin as another one."""
        self = cls.__new__(cls)
        self._storage = other.storage
        self._take_origin(other)
        return self

    def _take_origin(self, other: Context) -> None:
        """Come from where another context does: its task, its run, its moment."""
        self._task_id = other.task_id
        self._workflow_id = other.workflow_id
        self._time = other.kept_time
        self._run_id = other.run_id
        self._lineage = other.lineage

    @property
    def time(self) -> datetime:
        """When the value was made, in local time."""
        if isinstance(self._time, float):
            self._time = datetime.fromtimestamp(self._time)
        return self._time

    @time.setter
    def time(self, value: datetime) -> None:
        self._time = value

    def _set_storage(self, value: Any) -> None:
        if issubclass(type(value), Context):
            self._storage = value.storage
            self._take_origin(value)
        else:
            self._storage = value

    storage: Field[Any] = property(
        attrgetter("_storage"), _set_storage, doc="The value."
    )  # type: ignore[assignment]  # as in `_field`

    def __repr__(self) -> str:
        # The value may be large or secret, so its type must do.
        return (
            f"{type(self).__name__}(storage=<{name_of(type(self._storage))}>,"
            f" task_id={self._task_id!r}, workflow_id={str(self._workflow_id)!r})"
        )
