"""`Context`: what a task receives and what it leaves behind."""

from __future__ import annotations

from datetime import datetime

from dotflow.base.identity import check_workflow_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID


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

    __slots__ = ("_run_id", "_storage", "_task_id", "_time", "_workflow_id")

    def __init__(
        self,
        storage: Any = None,
        task_id: str | None = "",
        workflow_id: UUID | str | None = None,
    ) -> None:
        self._storage: Any = None
        self._time: datetime | float = datetime.now()
        self._run_id: str | None = None
        self.task_id = task_id
        self.workflow_id = workflow_id
        self.storage = storage

    @classmethod
    def of_task(
        cls,
        storage: Any,
        task_id: str,
        workflow_id: UUID | str | None,
        time: float,
        run_id: str | None = None,
    ) -> Context:
        """Build the context of a task that has ended, from values known to be valid.

        Args:
            storage: The task's result; a `Context` is unwrapped.
            task_id: The task's id.
            workflow_id: Its workflow's id.
            time: When it ended, in seconds since the epoch.
            run_id: The run that the task ended in.
        """
        self = cls.__new__(cls)
        self._storage = storage._storage if isinstance(storage, Context) else storage
        self._task_id = task_id
        self._workflow_id = workflow_id
        self._time = time
        self._run_id = run_id
        return self

    @property
    def time(self) -> datetime:
        """When the value was made, in local time."""
        if isinstance(self._time, float):
            self._time = datetime.fromtimestamp(self._time)
        return self._time

    @time.setter
    def time(self, value: datetime) -> None:
        self._time = value

    @property
    def task_id(self) -> str | None:
        """The id of the task that made the value, `""` or None where no task did."""
        return self._task_id

    @task_id.setter
    def task_id(self, value: str | None) -> None:
        if value is not None and not isinstance(value, str):
            raise TypeError(
                f"Context.task_id must be a str or None, not {type(value).__name__}."
            )
        self._task_id = value

    @property
    def workflow_id(self) -> UUID | str | None:
        """The id of the workflow that the value belongs to."""
        return self._workflow_id

    @workflow_id.setter
    def workflow_id(self, value: UUID | str | None) -> None:
        self._workflow_id = None if value is None else check_workflow_id(value)

    @property
    def run_id(self) -> str | None:
        """The run that made the value, or None where no run did."""
        return self._run_id

    @run_id.setter
    def run_id(self, value: str | None) -> None:
        self._run_id = value

    @property
    def storage(self) -> Any:
        """The value."""
        return self._storage

    @storage.setter
    def storage(self, value: Any) -> None:
        if isinstance(value, Context):
            self._storage = value._storage
            self._time = value._time
            self._task_id = value._task_id
            self._workflow_id = value._workflow_id
            self._run_id = value._run_id
        else:
            self._storage = value

    def __repr__(self) -> str:
        # The value may be large or secret, so its type must do.
        return (
            f"{type(self).__name__}(storage=<{type(self._storage).__name__}>,"
            f" task_id={self._task_id!r}, workflow_id={str(self._workflow_id)!r})"
        )
