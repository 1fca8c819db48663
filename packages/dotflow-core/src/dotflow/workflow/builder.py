"""`TaskBuilder`: the queue of tasks behind `workflow.task`."""

from __future__ import annotations

import time
from types import MethodType

from dotflow.base.arguments import basic_callback
from dotflow.base.identity import new_ulid, quote_name, stable_ulid
from dotflow.base.parameters import parameters_of
from dotflow.errors import InvalidTask, UnknownTask
from dotflow.model.action import Action
from dotflow.model.options import unknown_option
from dotflow.model.task_values import (
    as_action,
    as_callback,
    as_context,
    checked_name,
)
from dotflow.workflow.task import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Never
    from uuid import UUID

    from dotflow.config.config import Config
    from dotflow.engine.workflow_step import WorkflowStep
    from dotflow.model.expansion import MapOver
    from dotflow.model.graph import Graph


class TaskBuilder:
    """Collects the tasks of a workflow, in order.

    Args:
        config: The providers that the tasks will use.
        workflow_id: The id of the workflow.
        workflow_name: Its name, for reports.
        stable_ids: Give a task the same id in every process: right where
            `workflow_id` is fixed, since it is the same workflow then.
        on_add: Called with each task that was added.
    """

    def __init__(
        self,
        config: Config | None = None,
        workflow_id: UUID | str | None = None,
        workflow_name: str | None = None,
        *,
        stable_ids: bool = False,
        on_add: Callable[[Task], None] | None = None,
    ) -> None:
        self.queue: list[Task] = []
        self.config = config
        self.workflow_id = workflow_id
        self.workflow_name = workflow_name
        self._stable_ids = stable_ids
        self._on_add = on_add
        # By name; of a repeated step the last number that one of its tasks has got.
        self._used: dict[str, int] = {}
        self._key_prefix = f"{workflow_id}-"

    def add(
        self,
        step: Any,
        callback: Callable[..., Any] | str = basic_callback,
        initial_context: Any = None,
        group_name: str = "default",
        *,
        name: str | None = None,
        depends_on: Any = None,
        map_over: Any = None,
        spill: bool = False,
        **misspelt: Never,
    ) -> TaskBuilder:
        """Append a task, or one for each step of a list.

        With `map_over` the step runs once for each item of what another task returned:
        a list, a generator, any iterable. It receives the item as `item`, and as the
        value of `previous_context`, and its place from 0 as `index`. Each item is
        retried, timed out and checkpointed by itself; the task's result is the list of
        the items' results in order. An item that fails for good fails the task, after
        what has begun has ended; with `start(keep_going=True)` the other items run all
        the same, and the list then holds None for each that failed. Items may also come
        from an async generator: in mode `async` they are then awaited beside the steps.
        A workflow as a step that is mapped runs whole for each item, which each of its
        tasks gets as `initial_context` that has none of its own. Only the result of the
        whole is stored; limits, rates and caches within it are refused.

        A workflow as a step becomes a part of this one: its tasks, as they are now, run
        under the names `name/task` and depend on each other as they would in a
        sequential run of their own. The first of them receive what the step would; the
        result is that of the last one, or a dictionary by name where there are several.
        Its own config, id and groups do not count here.

        Args:
            step: An `@action`, the dotted path of one (`"module.attribute"`), a workflow
                (`DotFlow` or `Pipeline`), or a list of those, nested at will.
            callback: Called as `callback(task=task)` when the task has ended.
            initial_context: A value for the parameter `initial_context`.
            group_name: Tasks of a group run in order, groups at the same time.
            name: What identifies the task; default: the step's name, then `name#2`.
            depends_on: The tasks it waits for: a name, an action, a task, or a list of
                those; `[]` for none. Default: the task before it in its group.
            map_over: The task whose items the step runs for, which it then depends on:
                a name, an action or a task.
            spill: Leave the results of items in the storage, which has to be durable.
                The task's result then is a sequence that reads them one by one, rather
                than a list.
            **misspelt: Whatever there is no argument for.

        Returns:
            The builder, so that calls can be chained.

        Raises:
            MissingActionDecorator: A step is not an `@action`.
            InvalidTask: A name is taken already, or given to several steps; a workflow
                has no name, or cannot be mapped; `spill` makes no sense.
            GraphError: The tasks of a workflow form no graph.
            UnknownOption: There is no such argument.
        """
        if misspelt:
            known = parameters_of(self.add).names
            raise unknown_option("task.add()", misspelt, known)
        if isinstance(step, (list, tuple)):
            return self._add_each(
                step,
                name,
                callback=callback,
                initial_context=initial_context,
                group_name=group_name,
                depends_on=depends_on,
                map_over=map_over,
                spill=spill,
            )
        upstream = None if depends_on is None else self._names(depends_on)
        expansion = None
        if map_over is not None or spill:
            expansion = self._mapping(map_over, spill)
            upstream = tuple(dict.fromkeys((expansion.over, *(upstream or ()))))
            if _is_workflow(step):
                step = _workflow_step(step, name)
        elif type(step) is not Action and _is_workflow(step):
            return self._add_workflow(
                step, callback, initial_context, group_name, name, upstream
            )
        return self._add_action(
            step, callback, initial_context, group_name, name, upstream, expansion
        )

    def _add_each(
        self, steps: Sequence[Any], name: str | None, **options: Any
    ) -> TaskBuilder:
        if name is not None:
            raise InvalidTask(
                f"name={name!r} cannot name {len(steps)} steps: add them one by one."
            )
        for step in steps:
            self.add(step, **options)
        return self

    def _add_action(
        self,
        step: Any,
        callback: Callable[..., Any] | str,
        initial_context: Any,
        group_name: str,
        name: str | None,
        depends_on: tuple[str, ...] | None,
        expansion: MapOver | None,
    ) -> TaskBuilder:
        # All that can be wrong with it comes first: then no name is taken by mistake.
        action = as_action(step)
        if callback is not basic_callback:
            callback = as_callback(callback)
        initial = None if initial_context is None else as_context(initial_context)
        unique = self._unique(
            action.__name__ if name is None else checked_name(name),
            given=name is not None,
        )
        key, task_id = self._identity(unique)
        task = Task.of_step(
            action,
            unique,
            key,
            depends_on,
            initial,
            task_id,
            time.time(),
            self.workflow_id,
            callback,
            expansion,
            group_name,
        )
        self._append(task)
        return self

    def rebind(
        self, config: Config | None = None, workflow_id: UUID | str | None = None
    ) -> None:
        """Give the tasks another config or a fixed workflow id, before they run.

        Args:
            config: The providers; None leaves them as they are.
            workflow_id: The id; None leaves it as it is.
        """
        if config is not None:
            self.config = config
        if workflow_id is not None:
            self.workflow_id = workflow_id
            self._stable_ids = True
            self._key_prefix = f"{workflow_id}-"
        for task in self.queue:
            if config is not None:
                task.config = config
            if workflow_id is not None:
                task.identify(workflow_id, task.name, *self._identity(task.name))

    def _add_workflow(
        self,
        workflow: Any,
        callback: Callable[..., Any] | str,
        initial_context: Any,
        group_name: str,
        name: str | None,
        depends_on: tuple[str, ...] | None,
    ) -> TaskBuilder:
        from dotflow.workflow.inlining import inlined_tasks

        # All that can be wrong with it comes first: then no name is taken by mistake.
        own_name = workflow.name_as_step() if name is None else checked_name(name)
        graph = _graph_of(workflow, own_name, initial_context)
        whole = self._unique(own_name, given=name is not None)
        tasks = inlined_tasks(
            graph,
            whole,
            callback,
            initial_context,
            depends_on,
        )
        for task in tasks:
            last = task is tasks[-1]
            unique = whole if last else self._unique(task.name, given=True)
            task.identify(self.workflow_id, unique, *self._identity(unique))
            task.group_name = group_name
            self._append(task)
        return self

    def _mapping(self, map_over: Any, spill: bool) -> MapOver:
        from dotflow.model.expansion import MapOver

        if map_over is None:
            raise InvalidTask("spill=True is for a task with map_over=….")
        if isinstance(map_over, (list, tuple)):
            raise InvalidTask(
                "map_over takes one task. Let one task return the items of all of them."
            )
        if spill and not (self.config is None or self.config.storage.persistent):
            raise InvalidTask(
                "spill=True needs a storage that keeps results on disk, such as"
                " StorageFile or StorageSQLite: DotFlow(Config(storage=…))."
            )
        return MapOver(self._name_of(map_over), spill)

    def _append(self, task: Task) -> None:
        task.config = self.config
        self.queue.append(task)
        if self._on_add is not None:
            self._on_add(task)

    def _identity(self, name: str) -> tuple[str, str]:
        """Return the checkpoint key and the id of the task of a name."""
        stable = self._stable_ids
        task_id = stable_ulid(self.workflow_id, name) if stable else new_ulid()
        return self._key_prefix + quote_name(name), task_id

    def _unique(self, name: str, given: bool) -> str:
        number = self._used.get(name)
        if number is None and not self._is_numbered(name):
            self._used[name] = 1
            return name
        if given:
            raise InvalidTask(
                f"The name {name!r} is taken: every task of a workflow needs its own."
            )
        number = (number or 1) + 1
        while (numbered := f"{name}#{number}") in self._used:
            number += 1
        # The number says so of all up to it: an entry for each is a tenth of a task.
        self._used[name] = number
        return numbered

    def _is_numbered(self, name: str) -> bool:
        """Say whether a name was given to a repeated step by itself, as `read#2`."""
        base, _, number = name.rpartition("#")
        last = self._used.get(base, 1)
        if not (number.isascii() and number.isdecimal()) or number.startswith("0"):
            return False
        return len(number) <= len(str(last)) and 2 <= int(number) <= last

    def _names(self, upstream: Any) -> tuple[str, ...]:
        if isinstance(upstream, (str, Action, Task)) or not hasattr(
            upstream, "__iter__"
        ):
            upstream = [upstream]
        return tuple(self._name_of(item) for item in upstream)

    def _name_of(self, upstream: Any) -> str:
        if isinstance(upstream, str):
            return upstream
        if isinstance(upstream, Task):
            return upstream.name
        if isinstance(upstream, Action):
            names = [task.name for task in self.queue if _same(task.step, upstream)]
            if len(names) > 1:
                raise InvalidTask(
                    f"depends_on={upstream!r} is ambiguous: it was added as"
                    f" {', '.join(map(repr, names))}. Use the name."
                )
            return names[0] if names else upstream.__name__
        raise InvalidTask(
            f"depends_on takes names, actions or tasks, not {type(upstream).__name__}."
            " Was the action called? Give it as it is, without parentheses."
        )

    def __getitem__(self, name: str | int) -> Task:
        """Return a task by its name, or by its place in the queue.

        Raises:
            UnknownTask: No task has that name; a KeyError, too.
            IndexError: There are not so many tasks.
        """
        if isinstance(name, int):
            return self.queue[name]
        for task in self.queue:
            if task.name == name:
                return task
        from dotflow.base.suggest import hint

        names = [task.name for task in self.queue]
        known = ", ".join(map(repr, names[:20])) or "none"
        raise UnknownTask(
            f"There is no task {name!r}.{hint(str(name), names)} There are: {known}."
        )

    def __iter__(self) -> Iterator[Task]:
        return iter(self.queue)

    def __len__(self) -> int:
        return len(self.queue)

    def __repr__(self) -> str:
        from dotflow.base.escape import line_text, shorten

        names = [shorten(line_text(task.name), 40) for task in self.queue[:10]]
        if len(self.queue) > len(names):
            names.append(f"… {len(self.queue)} in all")
        return f"<TaskBuilder: {', '.join(names) or 'no task'}>"

    def _repr_html_(self) -> str:
        from dotflow.model.graph import Graph
        from dotflow.report.graph import GraphView, workflow_page

        return workflow_page(
            f"{len(self)} tasks",
            lambda: GraphView(Graph(self.queue, chained=True), "sequential"),
        )

    def count(self) -> int:
        """Return the number of tasks."""
        return len(self.queue)

    def clear(self) -> None:
        """Remove all tasks."""
        self.queue.clear()
        self._used.clear()

    def reverse(self) -> None:
        """Reverse the order of the tasks."""
        self.queue.reverse()

    def schema(self) -> Any:
        """Return the workflow as a pydantic model; needs `dotflow-schema`."""
        from dotflow.base.schema import from_schema

        return from_schema(__name__, "SerializerWorkflow")(**self.result())

    def result(self) -> dict[str, Any]:
        """Return the workflow and its tasks as a dictionary that JSON can hold."""
        from dotflow.model.payload import workflow_payload

        return workflow_payload(
            self.workflow_id, self.workflow_name, [t.result() for t in self.queue]
        )


def _same(step: Action[..., Any], other: Action[..., Any]) -> bool:
    """Say whether two are one: a method is bound anew each time it is asked for."""
    if step is other:
        return True
    return type(step.func) is MethodType and step.func == other.func


def _is_workflow(step: Any) -> bool:
    return hasattr(type(step), "inner_graph")


def _workflow_step(workflow: Any, name: str | None) -> WorkflowStep:
    """Return a workflow as the step of a mapped task."""
    from dotflow.engine.workflow_step import ITEM, WorkflowStep

    own_name = workflow.name_as_step() if name is None else checked_name(name)
    return WorkflowStep(_graph_of(workflow, own_name, ITEM), own_name)


def _graph_of(workflow: Any, name: str, initial_context: Any) -> Graph:
    graph: Graph = workflow.inner_graph(initial_context)
    if not graph.tasks:
        raise InvalidTask(f"The workflow {name!r} has no tasks: add them first.")
    return graph
