"""`TaskInstance`: one step of a run with its state, and an `Attempt` of it.

Both in one file, since the way of each task goes through both.
"""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from dotflow.base.arguments import basic_callback
from dotflow.base.coroutines import finished_value, read_once, whole
from dotflow.base.guard import called
from dotflow.base.identity import quote_name
from dotflow.errors import InvalidTask
from dotflow.model.action import Action
from dotflow.model.context import Context
from dotflow.model.task_error import TaskError
from dotflow.model.task_values import as_action, as_callback, as_context, checked_name
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, TypeVar
    from uuid import UUID

    from dotflow.model.context import Field
    from dotflow.model.expansion import Expansion
    from dotflow.model.held import Errand
    from dotflow.model.items import MapProgress
    from dotflow.model.outcome import Around
    from dotflow.model.outlet import AttemptOutput, Outlet

    T = TypeVar("T", bound="TaskInstance")


# What slots were called in tasks that were pickled before 2.0.0a2.
_FORMER = {
    "_attempt_started": "attempt_started",
    "_callback": "callback",
    "_current_context": "current",
    "_finished": "finished",
    "_initial_context": "initial",
    "_key": "checkpoint_key",
    "_previous_context": "previous",
    "_started": "started",
    "_step": "step",
    "_task_id": "task_id",
    "workflow_id": "_workflow_id",
}


class TaskInstance:
    """One step of a run, with its state and its results; `of_step` makes one."""

    __slots__ = (
        "_created",
        "_errors",
        "_name",
        "_workflow_id",
        "attempt",
        "attempt_started",
        "cached",
        "callback",
        "checkpoint_key",
        "current",
        "depends_on",
        "expansion",
        "finished",
        "group_name",
        "initial",
        "mapped",
        "outcome",
        "parent",
        "previous",
        "reason",
        "restored",
        "retry_count",
        "started",
        "status",
        "step",
        "streams",
        "task_id",
    )
    task_id: str
    _workflow_id: UUID | str | None
    _name: str
    checkpoint_key: str
    group_name: str
    depends_on: tuple[str, ...] | None
    if TYPE_CHECKING:  # an `Action` is itself a descriptor, which a slot never asks
        step = Field[Action[..., Any]]()
    callback: Callable[..., Any]
    initial: Context | None
    # How it runs where it is more than one attempt of its step, and the sub-workflow
    # that it is a part of.
    expansion: Expansion | None
    parent: str | None
    _created: float

    def _place(self) -> None:
        # What a storage knows the result by: the same in every process.
        self.checkpoint_key = f"{self._workflow_id}-{quote_name(self._name)}"

    def _set_name(self, value: str) -> None:
        self._name = checked_name(value)
        self._place()

    def _set_workflow_id(self, value: UUID | str | None) -> None:
        self._workflow_id = value
        self._place()

    # A run reads them a million times: without a getter in Python that is no call.
    name: Field[str] = property(  # type: ignore[assignment]  # seen as a `Field`
        attrgetter("_name"), _set_name, doc="What identifies it in its workflow."
    )
    workflow_id: Field[UUID | str | None] = property(  # type: ignore[assignment]
        attrgetter("_workflow_id"), _set_workflow_id, doc="The workflow it belongs to."
    )

    @classmethod
    def of_step(
        cls,
        step: Action[..., Any],
        name: str,
        key: str,
        depends_on: tuple[str, ...] | None,
        initial: Context | None,
        task_id: str,
        created: float,
        workflow_id: UUID | str | None = None,
        callback: Callable[..., Any] = basic_callback,
        expansion: Expansion | None = None,
        group_name: str = "default",
    ) -> Self:
        """Build a task of values known to be valid, which need not be checked again.

        Args:
            step: The action.
            name: What identifies the task in its workflow.
            key: What a storage knows its result by.
            depends_on: Names of the tasks it waits for; None for the one before it.
            initial: What the step's parameter `initial_context` gets; None for nothing.
            task_id: The id.
            created: When it was added, in seconds since the epoch.
            workflow_id: The workflow it belongs to.
            callback: Called when the task has ended.
            expansion: How it runs where it is more than one attempt of its step.
            group_name: The group of tasks it runs with.
        """
        self = cls.__new__(cls)
        self.task_id = task_id
        self.checkpoint_key = key
        self._workflow_id = workflow_id
        self.group_name = group_name
        self.depends_on = depends_on
        self.step = step
        self.callback = callback
        self.expansion = expansion
        self.parent = None
        self.initial = initial
        self._name = name
        self._created = created
        self.reset()
        return self

    def check(self) -> None:
        """Check what was assigned since the task was added.

        Raises:
            MissingActionDecorator: Its step is not an `@action`.
            NotCallableObject: Its callback cannot be called.
        """
        if not isinstance(self.step, Action):
            self.step = as_action(self.step)
        if not callable(self.callback):
            self.callback = as_callback(self.callback)
        if self.initial is not None and read_once(self.initial.storage):
            # For every attempt and start, and for the fingerprint of the inputs.
            self.initial.storage = finished_value(whole(self.initial.storage))

    def reset(self) -> None:
        """Forget a former run: the task is as it was when it was added."""
        self.status: str = TypeStatus.NOT_STARTED
        self.outcome: str | None = None
        self.reason: str = ""
        self.restored = False
        self.cached = False
        self.attempt = 0
        self.retry_count = 0
        self.mapped: MapProgress | None = None
        # Whether a map reads what it gives as it goes, rather than the whole of it.
        self.streams = False
        # In seconds since the epoch.
        self.started: float | None = None
        self.attempt_started: float | None = None
        self.finished: float | None = None
        self._errors: list[TaskError] | None = None
        # None for an empty one, which nobody asks of most tasks.
        self.previous: Context | None = None
        self.current: Context | None = None

    def copy(self) -> Self:
        """Return a task of the same identity that has not started."""
        clone = self.snapshot()
        clone.reset()
        return clone

    def snapshot(self) -> Self:
        """Return a task that keeps this state when this one is started again."""
        return self.into(type(self))

    @property
    def duration(self) -> float | None:
        """Seconds from its first attempt to its end; None before, and where none was."""
        if self.started is None or self.finished is None:
            return None
        # The clock may have been set back meanwhile.
        return max(0.0, self.finished - self.started)

    def into(self, kind: type[T]) -> T:
        """Return a task of another kind in this state.

        Args:
            kind: The kind.
        """
        into = kind.__new__(kind)
        for slot in TaskInstance.__slots__:
            setattr(into, slot, getattr(self, slot))
        return into

    def __setstate__(self, state: tuple[None, dict[str, Any]]) -> None:
        slots = {_FORMER.get(name, name): value for name, value in state[1].items()}
        slots.pop("duration", None)  # which follows from its times by now
        self.streams = False  # which a task that was pickled before may not have
        for name, value in slots.items():
            setattr(self, name, value)
        if slots["checkpoint_key"] is None:
            self._place()

    def local_name(self, name: str) -> str:
        """Return what this task calls another: without the sub-workflow they share."""
        scope = self.parent
        while scope:
            if name.startswith(f"{scope}/"):
                return name[len(scope) + 1 :]
            scope = scope.rpartition("/")[0]
        return name

    def identify(
        self, workflow_id: UUID | str | None, name: str, key: str, task_id: str
    ) -> None:
        """Give the task its place in a workflow.

        Args:
            workflow_id: The workflow.
            name: What identifies it there.
            key: The `checkpoint_key` that follows from it.
            task_id: Its id.
        """
        self._workflow_id = workflow_id
        self._name = name
        self.checkpoint_key = key
        self.task_id = task_id

    @property
    def initial_context(self) -> Context:
        """What was given with `add(initial_context=…)`."""
        if self.initial is None:
            self.initial = Context()
        return self.initial

    @initial_context.setter
    def initial_context(self, value: Any) -> None:
        self.initial = as_context(value)

    @property
    def previous_context(self) -> Context:
        """What the task upstream left; an empty context before the task has started."""
        if self.previous is None:
            self.previous = Context()
        return self.previous

    @previous_context.setter
    def previous_context(self, value: Any) -> None:
        self.previous = as_context(value)

    @property
    def current_context(self) -> Context:
        """What the task left; an empty context until it is completed."""
        if self.current is None:
            self.current = Context()
        return self.current

    @current_context.setter
    def current_context(self, value: Any) -> None:
        self.current = as_context(
            value, task_id=self.task_id, workflow_id=self.workflow_id
        )

    @property
    def errors(self) -> list[TaskError]:
        """The errors of all failed attempts, oldest first.

        Assigning an exception or a `TaskError` appends it, assigning a list replaces.
        """
        if self._errors is None:
            self._errors = []
        return self._errors

    @errors.setter
    def errors(self, value: list[TaskError] | TaskError | BaseException) -> None:
        if isinstance(value, list):
            self._errors = value
        elif isinstance(value, TaskError):
            self.errors.append(value)
        elif isinstance(value, BaseException):
            self.errors.append(TaskError(value))
        else:
            raise InvalidTask(
                f"task.errors takes an exception, a TaskError or a list of them,"
                f" not {type(value).__name__}."
            )

    @property
    def error(self) -> TaskError:
        """The last error, or an empty one. Deprecated: use `errors`."""
        import warnings

        warnings.warn(
            "task.error is deprecated: use task.errors[-1]",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._errors[-1] if self._errors else TaskError()

    @property
    def created_at(self) -> datetime:
        """When the task was added, in local time."""
        return datetime.fromtimestamp(self._created)

    @property
    def started_at(self) -> datetime | None:
        """When its first attempt started, in local time; None before."""
        return None if self.started is None else datetime.fromtimestamp(self.started)

    @property
    def finished_at(self) -> datetime | None:
        """When its last attempt ended, in local time; None before."""
        return None if self.finished is None else datetime.fromtimestamp(self.finished)

    def schema(self, max: int | None = None) -> Any:
        """Return the task as a pydantic model; needs `dotflow-schema`.

        Args:
            max: The largest size in characters of its JSON; see `result`.
        """
        from dotflow.base.schema import from_schema

        return from_schema(__name__, "SerializerTask")(**self.result(max))

    def result(self, max: int | None = None) -> dict[str, Any]:
        """Return the task as a dictionary that JSON can hold.

        Args:
            max: The largest size in characters of its JSON. What is over it is left
                out: the largest contexts first, then errors. None for no bound.
        """
        from dotflow.model.payload import context_payload, iso_time, shrink

        errors = [error.result() for error in self.errors]
        workflow_id = self.workflow_id
        payload: dict[str, Any] = {
            "task_id": self.task_id,
            "workflow_id": None if workflow_id is None else str(workflow_id),
            "status": self.status,
            "duration": self.duration,
            "initial_context": context_payload(self.initial_context),
            "current_context": context_payload(self.current_context),
            "previous_context": context_payload(self.previous_context),
            "group_name": self.group_name,
            "retry_count": self.retry_count,
            "created_at": iso_time(self.created_at),
            "started_at": iso_time(self.started_at),
            "finished_at": iso_time(self.finished_at),
            "errors": errors,
            "id": self.task_id,
            "error": errors[-1] if errors else None,
            "name": self.name,
            "outcome": self.outcome,
            "attempts": self.attempt,
            "depends_on": None if self.depends_on is None else list(self.depends_on),
        }
        return payload if max is None else shrink(payload, max)

    def __repr__(self) -> str:
        return f"<Task {self.name!r}: {self.status}>"


class Attempt:
    """What an executor runs.

    Args:
        node: The task's place in the graph.
        task: The task, for its step, name and initial context; not to be changed.
        number: Which attempt of the task it is, from 1.
        previous: The context of the task upstream.
        named: Values for parameters named after upstream tasks, or None.
        around: What the tracer puts around it, or None.
        outlet: Where it tells what its step tells; None where nobody listens.

    Attributes:
        at_end: What is called in its context when it has ended, before that is told;
            None where there is nothing.
        output: What it has printed; None where that is nothing, or nobody listens.
        errand: How its worker stores a large result; only there where one can.
        states: What those who tell keep of it, by their class; None where nothing.
    """

    __slots__ = (
        "around",
        "at_end",
        "errand",
        "named",
        "node",
        "number",
        "outlet",
        "output",
        "previous",
        "states",
        "task",
    )
    errand: Errand

    def __init__(
        self,
        node: int,
        task: TaskInstance,
        number: int,
        previous: Context,
        named: dict[str, Any] | None = None,
        around: Around | None = None,
        outlet: Outlet | None = None,
    ) -> None:
        self.node = node
        self.task = task
        self.number = number
        self.previous = previous
        self.named = named
        self.around = around
        self.outlet = outlet
        self.at_end: list[Callable[[], object]] | None = None
        self.output: AttemptOutput | None = None
        self.states: dict[Callable[[Attempt], Any], Any] | None = None

    @property
    def index(self) -> int | None:
        """Which item of a mapped task it is of, from 0; None for the task itself."""
        return getattr(self.node, "index", None)

    def before_end(self, call: Callable[[], object]) -> None:
        """Have something called in its context just before its end is told.

        Args:
            call: What to call; what it raises is dropped.
        """
        if self.at_end is None:
            self.at_end = []
        self.at_end.append(call)

    def end_telling(self) -> None:
        """Tell what is left, and from now on nothing: what comes later is dropped."""
        calls, self.at_end = self.at_end, None
        for call in calls or ():
            called(call)
        self.outlet = None
