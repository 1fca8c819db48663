"""`RunState`: where the run of a graph stands, for the loop and all that help it."""

from __future__ import annotations

import heapq
import time
from collections import deque
from operator import attrgetter
from types import CoroutineType

from dotflow.abc.executor import AsyncExecutor
from dotflow.base.arguments import basic_callback
from dotflow.base.coroutines import InTurn, finish_callback
from dotflow.engine.control import Control
from dotflow.model import events
from dotflow.model.context import Context
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from dotflow.abc.executor import AnyExecutor
    from dotflow.engine.expanded import Expanded
    from dotflow.engine.lending import Lending
    from dotflow.engine.limits.admission import Admission
    from dotflow.model.graph import Graph
    from dotflow.model.held import Held
    from dotflow.model.items import ItemKey
    from dotflow.model.outcome import Failure, Outcome
    from dotflow.model.outlet import Outlet
    from dotflow.model.task import TaskInstance

_now = time.time
_NOT_STARTED = TypeStatus.NOT_STARTED
# The same text as a status and as an outcome.
_COMPLETED = TypeStatus.COMPLETED


class RunState:
    """Which tasks of a graph may start, which run, and who hears of it.

    There is no lock: only the loop's thread changes it. Attempts in other threads and
    processes come back to the loop as outcomes.

    Args:
        graph: What to run.
        executor: Where attempts run.
        bus: Who is told; whoever is to hear of tasks has subscribed already.
        control: Who may end the run early.
        keep_going: Whether a task runs although the one before it has failed.
        admission: The limits and rates of steps; None where no step has one.

    Attributes:
        tasks: The tasks by node.
        clock: What the run goes by.
        ready: The nodes that can start, in their order.
        delayed: The nodes that wait for a moment of the clock: a heap of both.
        running: How many attempts are in flight.
        halted: Whether nothing new begins, since a task has failed.
        expanded: The tasks with an expansion that have begun, by node.
        lending: Puts right what attempts change; None until a step takes something.
        outlet: Where attempts tell what their steps tell; None where nobody listens.
        callbacks: The coroutines of callbacks that are awaited in the loop of the run.
        value_of: Reads the value of a record that goes to a task by its name.
        keep: Stores a result of a task that is more than one attempt; set by the loop.
        hold: Takes note of such a part of a result that stays where it was made, given
            what its key is made from; None where nothing stays.
    """

    def __init__(
        self,
        graph: Graph,
        executor: AnyExecutor,
        bus: events.EventBus,
        control: Control | None = None,
        *,
        keep_going: bool = False,
        admission: Admission | None = None,
    ) -> None:
        self.graph = graph
        self.tasks = graph.tasks
        self.executor = executor
        self.bus = bus
        self.outlet: Outlet | None = bus.outlet
        self.control = control or Control()
        self.clock = self.control.clock
        self.keep_going = keep_going
        self.admission = admission
        if admission is not None:
            admission.clock = self.clock
        self.ready = deque(
            node for node, upstream in enumerate(graph.upstream) if not upstream
        )
        self.delayed: list[tuple[float, int]] = []
        self.running = 0
        self.halted = False
        self.expanded: dict[int, Expanded] = {}
        self.lending: Lending | None = None
        self.callbacks: InTurn | None = None
        # Where values stay on workers it is what stands for one.
        self.value_of: Callable[[Context], Any] = attrgetter("storage")
        self.keep: Callable[[TaskInstance, Outcome], Failure | None]
        self.hold: Callable[[TaskInstance | ItemKey, Held], None] | None = None
        self._waiting = [len(upstream) for upstream in graph.upstream]
        self._tell_completed = bus.teller(events.TaskCompleted)

    def inputs(
        self, node: int, task: TaskInstance
    ) -> tuple[Context, dict[str, Any] | None]:
        """Return the previous context and, for explicit edges, the values by name."""
        upstream, tasks = self.graph.upstream[node], self.tasks
        if task.depends_on is None:
            if not upstream:
                return Context.of_task(None, "", None, _now()), None
            # As `record`, whose two calls are 4 % of an empty task in a chain.
            before = tasks[upstream[0]]
            record = before.current or before.current_context
            if self.lending is not None and self.lending.taken:
                record = self.lending.as_left(record)
            return record, None
        contexts = [self.record(up) for up in upstream]
        names = [tasks[up].name for up in upstream]
        if task.parent is not None:
            names = [task.local_name(name) for name in names]
        named = dict(zip(names, map(self.value_of, contexts), strict=True))
        return contexts[0] if len(contexts) == 1 else Context(named or None), named

    def record(self, node: int) -> Context:
        """Return what a task has left, whatever is being done to it in place now."""
        task = self.tasks[node]
        return self.as_left(task.current or task.current_context)

    def as_left(self, context: Context) -> Context:
        """Return a record as its producer left it; see `Lending.as_left`."""
        return context if self.lending is None else self.lending.as_left(context)

    def complete(self, node: int, task: TaskInstance) -> None:
        """Take note that a task has a result, and that the storage holds it."""
        task.status = task.outcome = _COMPLETED
        if self.lending is not None:
            self.lending.record(task, task.current)
        if self._tell_completed is not None:
            self._tell_completed(task)
        if task.callback is not basic_callback:
            self.call_back(task)
        self.release(self.graph.downstream[node])

    def call_back(self, task: TaskInstance) -> None:
        """Call what the user wants called when the task has ended."""
        name = f"The callback of task '{task.name}'"
        try:
            value = task.callback(task=task)
            if type(value) is not CoroutineType:
                return
            if isinstance(self.executor, AsyncExecutor):
                if self.callbacks is None:
                    self.callbacks = InTurn(self.bus.report)
                self.callbacks.add(name, value)
            else:
                finish_callback(value)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self.bus.report(name, error)

    def release(self, nodes: Iterable[int]) -> None:
        """Take note that a task upstream of these nodes has ended."""
        waiting, tasks = self._waiting, self.tasks
        for below in nodes:
            waiting[below] -= 1
            if not waiting[below] and tasks[below].status == _NOT_STARTED:
                self.ready.append(below)

    def delay(self, node: int, seconds: float) -> float:
        """Have a node go on after a time, and return the moment."""
        due = self.clock.monotonic() + seconds
        heapq.heappush(self.delayed, (due, node))
        return due

    def wake_delayed(self) -> None:
        """Have those nodes go on whose time has come."""
        now = self.clock.monotonic()
        while self.delayed and self.delayed[0][0] <= now:
            node = heapq.heappop(self.delayed)[1]
            if node in self.expanded:
                self.expanded[node].wake()
            else:
                self.ready.append(node)

    def next_delay(self) -> float:
        """Return the seconds until the first delayed node's time comes."""
        due, until = self.delayed[0][0], self.control.until
        if until is not None and until < due:
            due = until
        return self.clock.until(due, not self.running)
