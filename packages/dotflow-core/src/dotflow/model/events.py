"""The events of a run, and the bus that tells them to whoever listens."""

from __future__ import annotations

import os
import threading
from collections import deque

from dotflow.base.guard import STOPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ParamSpec
    from uuid import UUID

    from dotflow.base.courier import Courier
    from dotflow.model.outcome import Failure
    from dotflow.model.task import Attempt, TaskInstance

    P = ParamSpec("P")
    Listener = Callable[[Any], None]
    Detail = Mapping[str, Any]  # what a step tells, as its event says

# How long an event waits for its turn: a listener may be slow, and a thread that was
# interrupted at the wrong moment never gives it back.
TURN_SECONDS = 60.0


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


class Told(TaskEvent):
    """What a step has told while it ran; see `dotflow.engine.telling`.

    Attributes:
        task: The task.
        attempt: Which attempt of it, or of the item, from 1.
        index: Which item of a mapped task, from 0; None for the task itself.
        moment: When it was told, in seconds since the epoch.
        detail: What was told, in values that JSON can hold.
    """

    __slots__ = ("attempt", "detail", "index", "moment")

    def __init__(
        self,
        task: TaskInstance,
        attempt: int,
        index: int | None,
        moment: float,
        detail: Detail,
    ) -> None:
        self.task = task
        self.attempt = attempt
        self.index = index
        self.moment = moment
        self.detail = self._shown(detail)

    @staticmethod
    def _shown(detail: Detail) -> Detail:
        """Return what listeners are told of a detail."""
        return detail


class TaskOutput(Told):
    """A step has printed or logged something.

    Attributes:
        detail: `output`, a list of when, stream (`"stdout"`, `"stderr"` or `"log"`) and
            text; without secrets of providers, and what a database does not hold. What
            is the end of much has in `cut` how many characters before it are left out,
            and in `cut_lines` how many lines. What has `passing` is the end only if
            nothing more comes, as of an attempt that was killed.
    """

    __slots__ = ()

    @staticmethod
    def _shown(detail: Detail) -> Detail:
        from dotflow.base.masking import without_secrets

        pieces = [
            (when, stream, without_secrets(_storable(text)))
            for when, stream, text in detail["output"]
        ]
        return {**detail, "output": pieces}


class TaskProgress(Told):
    """A step has told how far it is."""

    __slots__ = ()


class TaskArtifact(Told):
    """A step has left something to look at."""

    __slots__ = ()


class FactSet(Told):
    """A step has told something by which its run is to be found."""

    __slots__ = ()


def _storable(text: str) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\0", "\\x00")


class EventBus:
    """Tells events to listeners, in the order they subscribed.

    A listener that raises is reported once and does not disturb the run.

    Events are emitted in the thread of the run's loop. What steps tell is posted from
    any thread: it is told in the order it came, before the next event of the loop, or by
    a thread soon after. Listeners are never called in two threads at once.

    Attributes:
        outlet: Where attempts tell; None where nobody listens to what they do.
        kinds: What somebody listens to of it.
    """

    def __init__(self) -> None:
        self._listeners: dict[type[Event], list[tuple[Listener, str]]] = {}
        self._reported: dict[str, object] = {}
        self.outlet: EventBus | None = None
        self.kinds: frozenset[type[Told]] = frozenset()
        self._posted: deque[Told] = deque()
        self._courier: Courier | None = None
        self._process = 0
        # Held while events are told, where threads post some. An RLock: a listener may
        # emit, and a thread that was interrupted just here has it still.
        self._turn: threading.RLock | None = None

    def subscribe(self, event: type[Event], listener: Listener, name: str) -> None:
        """Call `listener(event)` for every event of exactly this class.

        Args:
            event: The class of the events.
            listener: What to call.
            name: What a report of its failure calls it.
        """
        self._listeners.setdefault(event, []).append((listener, name))
        if issubclass(event, Told):
            self.kinds |= {event}
            if self.outlet is None:
                self.outlet, self._turn = self, threading.RLock()
                self._process = os.getpid()

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

    def ignore(self, kind: type[Told]) -> None:
        """Have nobody hear what steps tell of a kind.

        Args:
            kind: The class of the events.
        """
        self.kinds -= {kind}

    def close(self) -> None:
        """Tell nobody anything more."""
        for listeners in self._listeners.values():
            listeners.clear()  # which tellers have, too
        self.kinds = frozenset()
        self._end_posts()

    def post(
        self, attempt: Attempt, kind: type[Told], detail: Detail, moment: float
    ) -> None:
        """Have it told in its turn; from any thread, and without waiting.

        Args:
            attempt: Who tells.
            kind: The class of the event.
            detail: What is told.
            moment: When.
        """
        # The runs of a process are not those of what it forks.
        if kind not in self.kinds or os.getpid() != self._process:
            return
        event = kind(attempt.task, attempt.number, attempt.index, moment, detail)
        self._posted.append(event)
        if self._courier is None:
            from dotflow.base.courier import Courier

            self._courier = Courier(self._tell_posted)
        self._courier.wake()

    def _tell_posted(self) -> None:
        turn = self._turn
        if turn is not None and turn.acquire(timeout=TURN_SECONDS):
            try:
                self._catch_up()
            finally:
                turn.release()

    def _catch_up(self) -> None:
        while self._posted:
            self._tell(self._posted.popleft())

    def _end_posts(self) -> None:
        courier, self._courier = self._courier, None
        if courier is not None:
            courier.pause()

    def emit(self, event: Event) -> None:
        """Tell an event to everyone who listens."""
        turn = self._turn
        if turn is None:
            self._tell(event)
            return
        held = turn.acquire(timeout=TURN_SECONDS)
        try:
            if self._posted:
                self._catch_up()
            self._tell(event)
        finally:
            if held:
                turn.release()
        if type(event) is RunFinished:
            self._end_posts()

    def tell(self, kind: Callable[P, Event], *args: P.args, **named: P.kwargs) -> None:
        """Make an event of a class and tell it; nothing where nobody would hear of it.

        Args:
            kind: The class.
            *args: What it takes.
            **named: The same.
        """
        if self._turn is not None or kind in self._listeners:
            self.emit(kind(*args, **named))

    def _tell(self, event: Event) -> None:
        for listener, name in self._listeners.get(type(event), ()):
            try:
                listener(event)
            except STOPS:
                raise
            # Also an exit: the text of an exception, or of a value, may ask for it.
            except BaseException as error:  # noqa: BLE001 - telling never breaks running
                self.report(name, error)

    def teller(self, kind: type[Event]) -> Callable[..., None] | None:
        """Return what makes an event of a class and tells it; None if nobody listens.

        For what happens a million times in a run: where nobody listens it costs
        nothing, and where somebody does there is no call in between.

        Args:
            kind: The class; what is returned takes what it takes.
        """
        listeners, turn = self._listeners.get(kind), self._turn
        if listeners is None:
            return None
        posted = self._posted

        def tell(*parts: Any) -> None:
            event = kind(*parts)
            held = turn is not None and turn.acquire(timeout=TURN_SECONDS)
            try:
                if posted:
                    self._catch_up()
                for listener, name in listeners:
                    try:
                        listener(event)
                    except STOPS:
                        raise
                    except BaseException as error:  # noqa: BLE001 - as in `emit`
                        self.report(name, error)
            finally:
                if held and turn is not None:
                    turn.release()

        return tell

    def report(self, name: str, error: BaseException) -> None:
        """Warn about a failure in user code that only listens; once for each name."""
        first = object()  # of several threads at once, too
        if self._reported.setdefault(name, first) is not first:
            return
        from dotflow.logging import warn

        warn(
            "%s failed and was ignored, the run goes on; further failures of it in this"
            " run are not reported",
            name,
            error=error,
        )
