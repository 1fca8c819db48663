"""The events of a run, and the bus that tells them to whoever listens."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any
    from uuid import UUID

    from dotflow.model.outcome import Failure
    from dotflow.model.task import TaskInstance

    Listener = Callable[[Any], None]


class Event:
    """Something that happened in a run."""

    __slots__ = ()


class RunStarted(Event):
    """A run begins; nothing has run yet.

    Attributes: `workflow_id`, `mode`, and `tasks` in the order they were added.
    """

    __slots__ = ("mode", "tasks", "workflow_id")

    def __init__(
        self, workflow_id: UUID | str | None, mode: str, tasks: Sequence[TaskInstance]
    ) -> None:
        self.workflow_id = workflow_id
        self.mode = mode
        self.tasks = tasks


class TasksQueued(Event):
    """The tasks of a run that was just announced wait for their turn.

    Attributes: `tasks`, in the order they were added.
    """

    __slots__ = ("tasks",)

    def __init__(self, tasks: Sequence[TaskInstance]) -> None:
        self.tasks = tasks


class RunFinished(Event):
    """A run has ended.

    Attributes: `workflow_id`, `tasks`, `status` (a `WorkflowStatus`) and `duration` in
    seconds.
    """

    __slots__ = ("duration", "status", "tasks", "workflow_id")

    def __init__(
        self,
        workflow_id: UUID | str | None,
        tasks: Sequence[TaskInstance],
        status: str,
        duration: float,
    ) -> None:
        self.workflow_id = workflow_id
        self.tasks = tasks
        self.status = status
        self.duration = duration


class TaskEvent(Event):
    """Something that happened to `task`; its fields show the new state."""

    __slots__ = ("task",)

    def __init__(self, task: TaskInstance) -> None:
        self.task = task


class TaskStarted(TaskEvent):
    """An attempt of a task begins."""

    __slots__ = ()


class TaskRestored(TaskEvent):
    """A task's result was found in the storage, so it does not run."""

    __slots__ = ()


class TaskCompleted(TaskEvent):
    """A task has a result, and the storage holds it."""

    __slots__ = ()


class TaskSkipped(TaskEvent):
    """A task will not run; `task.reason` says why."""

    __slots__ = ()


class TaskRetried(TaskEvent):
    """An attempt failed and another follows after `delay` seconds."""

    __slots__ = ("delay", "failure")

    def __init__(self, task: TaskInstance, failure: Failure, delay: float) -> None:
        self.task = task
        self.failure = failure
        self.delay = delay


class TaskFailed(TaskEvent):
    """A task has failed for good; `failure` says why."""

    __slots__ = ("failure",)

    def __init__(self, task: TaskInstance, failure: Failure) -> None:
        self.task = task
        self.failure = failure


class TaskCancelled(TaskFailed):
    """A task was stopped together with its run."""

    __slots__ = ()


class ItemEvent(TaskEvent):
    """Something that happened to an item of a mapped task.

    Attributes: `task`, whose `mapped` tells how far it is, and `index`, from 0.
    """

    __slots__ = ("index",)

    def __init__(self, task: TaskInstance, index: int) -> None:
        self.task = task
        self.index = index


class ItemCompleted(ItemEvent):
    """An item has a result, new or of an earlier run."""

    __slots__ = ()


class ItemFailed(ItemEvent):
    """An item has failed for good; `failure` says why, after `attempt` attempts."""

    __slots__ = ("attempt", "failure")

    def __init__(
        self, task: TaskInstance, index: int, failure: Failure, attempt: int = 0
    ) -> None:
        super().__init__(task, index)
        self.failure = failure
        self.attempt = attempt


class ItemRetried(ItemFailed):
    """An attempt of an item failed and another follows after `delay` seconds."""

    __slots__ = ("delay",)

    def __init__(
        self,
        task: TaskInstance,
        index: int,
        failure: Failure,
        delay: float,
        attempt: int = 0,
    ) -> None:
        super().__init__(task, index, failure, attempt)
        self.delay = delay


class EventBus:
    """Tells events to listeners, in the order they subscribed.

    A listener that raises is reported once and does not disturb the run.
    """

    def __init__(self) -> None:
        self._listeners: dict[type[Event], list[tuple[Listener, str]]] = {}
        self._reported: set[str] = set()

    def subscribe(self, event: type[Event], listener: Listener, name: str) -> None:
        """Call `listener(event)` for every event of exactly this class.

        Args:
            event: The class of the events.
            listener: What to call.
            name: What a report of its failure calls it.
        """
        self._listeners.setdefault(event, []).append((listener, name))

    def subscribe_all(
        self, listeners: Mapping[type[Event], Listener], name: str
    ) -> None:
        """Subscribe a listener for each of several classes of events.

        Args:
            listeners: The listeners by class.
            name: What a report of their failure calls them.
        """
        for event, listener in listeners.items():
            self.subscribe(event, listener, name)

    def emit(self, event: Event) -> None:
        """Tell an event to everyone who listens."""
        for listener, name in self._listeners.get(type(event), ()):
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self.report(name, error)

    def teller(self, kind: type[Event]) -> Callable[..., None] | None:
        """Return what makes an event of a class and tells it; None if nobody listens.

        For what happens a million times in a run: where nobody listens it costs
        nothing, and where somebody does there is no call in between.

        Args:
            kind: The class; what is returned takes what it takes.
        """
        if kind not in self._listeners:
            return None
        emit = self.emit

        def tell(*parts: Any) -> None:
            emit(kind(*parts))

        return tell

    def report(self, name: str, error: Exception) -> None:
        """Warn about a failure in user code that only listens; once for each name."""
        if name in self._reported:
            return
        self._reported.add(name)
        from dotflow.logging import logger

        logger.warning(
            "%s failed and was ignored, the run goes on; further failures of it in this"
            " run are not reported: %s: %s",
            name,
            type(error).__name__,
            error,
            exc_info=error,
        )
