"""`WorkflowStep`: a whole workflow as the step that runs for each item of a map."""

from __future__ import annotations

from dotflow.engine.binding import check_parameters
from dotflow.engine.checkpoint import Checkpoints
from dotflow.engine.parts import failure_of_part
from dotflow.engine.run_state import RunState
from dotflow.errors import InvalidTask
from dotflow.model.action import Action
from dotflow.model.context import Context
from dotflow.model.events import EventBus
from dotflow.model.expansion import MapOver, is_whole
from dotflow.model.outcome import FailedWithin
from dotflow.model.task import TaskInstance
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.abc.executor import AnyExecutor
    from dotflow.engine.loop import Loop
    from dotflow.model.action import StepTask
    from dotflow.model.graph import Graph
    from dotflow.model.items import ItemKey


class WorkflowStep(Action[..., "Any"]):
    """Runs a workflow to its end, with an item as the initial context of its tasks.

    It runs wherever an attempt does: in the thread, the process or the event loop that
    the mode gives to an item. To everyone else it is one attempt of one step.

    Args:
        graph: The tasks of the workflow, which stay as they are, and their edges.
        name: What the step is called.

    Raises:
        InvalidTask: A task of it needs what only the run as a whole has.
        GraphError: A step of it requires what nothing provides.

    Attributes:
        graph: The same edges, over templates of the tasks.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        super().__init__()
        _refuse(graph, name)
        check_parameters(graph)
        self.graph = graph.over([_template(task) for task in graph.tasks])
        self._name = name
        # In an event loop, its own coroutines run there too.
        asynchronous = any(task.step.is_async for task in graph.tasks)
        self._bind(self._run_async if asynchronous else self._run)
        self.__name__ = self.__qualname__ = name
        self.checked = False  # it takes the item, whatever that is called

    def invoke(
        self, task: StepTask, previous: Context, named: dict[str, Any] | None = None
    ) -> Any:
        """Run the workflow for the item that `previous` is; see `Action.invoke`.

        The tasks of the workflow have names of their own: `named` is not used.

        Raises:
            FailedWithin: A task of it has failed.
        """
        return self.func(previous.storage)

    def _run(self, item: Any) -> Context:
        from dotflow.engine.executors.inline import InlineExecutor

        graph = self._graph_for(item)
        self._loop(graph, InlineExecutor()).run()
        return _result(graph)

    async def _run_async(self, item: Any) -> Context:
        from dotflow.engine.executors.event_loop import EventLoopExecutor

        graph = self._graph_for(item)
        await self._loop(graph, EventLoopExecutor()).run_async()
        return _result(graph)

    def _graph_for(self, item: Any) -> Graph:
        tasks = [task.copy() for task in self.graph.tasks]
        for task in tasks:
            if task.initial is None:
                task.initial_context = task.step.initial(item)
        return self.graph.over(tasks)

    def _loop(self, graph: Graph, executor: AnyExecutor) -> Loop:
        from dotflow.engine.loop import Loop

        return Loop(RunState(graph, executor, EventBus()), Unstored())

    def __reduce__(self) -> Any:
        return (WorkflowStep, (self.graph, self._name))


class Unstored(Checkpoints):
    """Stores nothing: an item has a checkpoint, but nothing within it has."""

    keeps_objects = True

    def load(self, task: TaskInstance | ItemKey) -> None:
        """Find nothing."""

    def save(self, task: TaskInstance | ItemKey, context: Context) -> None:
        """Store nothing."""


def _refuse(graph: Graph, name: str) -> None:
    for task in graph.tasks:
        if task.step.guarded:
            raise InvalidTask(
                f"The workflow {name!r} cannot run once for each item: its task"
                f" {task.name!r} has a limit=, a rate= or cache=True, which count for the"
                " run as a whole. Map an action that has them instead."
            )
        if isinstance(task.expansion, MapOver) and task.expansion.spill:
            raise InvalidTask(
                f"The workflow {name!r} cannot run once for each item: its task"
                f" {task.name!r} has spill=True, and nothing within an item is stored."
            )


def _template(task: TaskInstance) -> TaskInstance:
    # Without the providers of a workflow's task: what tells of the run is told of the
    # item; and it may go to another process.
    template = task.into(TaskInstance)
    template.reset()
    context = template.initial
    # A pipeline shares one context, which holds what it was given.
    if context is not None and getattr(context.storage, "deps", None) is ITEM:
        template.initial = None
    return template


def _result(graph: Graph) -> Context:
    """Return what the last tasks have left, as a sub-workflow does.

    Raises:
        FailedWithin: A task has failed.
    """
    for part in graph.tasks:
        if part.status == TypeStatus.FAILED and not is_whole(part.expansion):
            raise FailedWithin(failure_of_part(part))
    ends = [task for node, task in enumerate(graph.tasks) if not graph.downstream[node]]
    if len(ends) == 1:
        return ends[0].current_context
    return Context(storage={task.name: task.current_context.storage for task in ends})


class _Item:
    """Stands for the item in a workflow that wants a context when it is added."""


ITEM = _Item()
