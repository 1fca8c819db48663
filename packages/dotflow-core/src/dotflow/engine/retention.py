"""Lets go of results that no task needs any more."""

from __future__ import annotations

from dotflow.errors import StorageError
from dotflow.model import events
from dotflow.model.context import Context
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from dotflow.abc.storage import Storage
    from dotflow.model.graph import Graph
    from dotflow.model.task import TaskInstance


_ENDS = (
    events.TaskCompleted,
    events.TaskRestored,
    events.TaskFailed,
    events.TaskSkipped,
)


class Unneeded:
    """Notices when the last task that needs a result has ended.

    It listens last: until then others may look at the result.

    Args:
        upstream: What each task depends on, all by name.
        waiting: For each task whose result is not retained, the number of those that
            need it.
    """

    def __init__(
        self, upstream: Mapping[str, Sequence[str]], waiting: dict[str, int]
    ) -> None:
        self._upstream = upstream
        self._waiting = waiting
        self._completed: dict[str, TaskInstance] = {}

    def connect(self, bus: events.EventBus, name: str) -> None:
        """Listen to tasks that end.

        Args:
            bus: Where they are told.
            name: What a report of a failure is to name.
        """
        for ended in _ENDS:
            bus.subscribe(ended, self._on_end, name)

    def let_go(self, task: TaskInstance) -> None:
        """Let go of the result of a task."""
        raise NotImplementedError

    def _on_end(self, event: events.TaskEvent) -> None:
        name = event.task.name
        for dep in self._upstream[name]:
            if dep in self._waiting:
                self._waiting[dep] -= 1
                self._drop_unneeded(dep)
        if name in self._waiting and event.task.outcome == TypeOutcome.COMPLETED:
            self._completed[name] = event.task
            self._drop_unneeded(name)

    def _drop_unneeded(self, name: str) -> None:
        if not self._waiting[name] and name in self._completed:
            self.let_go(self._completed.pop(name))


class UnneededResults(Unneeded):
    """Lets go of the intermediate results of a run, after the last task that needs them.

    Where the storage is durable they are read from it when somebody asks for one; else
    they are gone, and a resume would make them again.

    Args:
        graph: What runs.
        storage: Where the results are.
    """

    def __init__(self, graph: Graph, storage: Storage) -> None:
        names = [task.name for task in graph.tasks]
        needed = {
            task.name: len(below)
            for task, below in zip(graph.tasks, graph.downstream, strict=True)
            if below
        }
        super().__init__(
            {
                name: [names[up] for up in upstream]
                for name, upstream in zip(names, graph.upstream, strict=True)
            },
            needed,
        )
        self._below = {
            name: [graph.tasks[node] for node in below]
            for name, below in zip(names, graph.downstream, strict=True)
            if below
        }
        self._storage = storage

    def let_go(self, task: TaskInstance) -> None:
        """Let go of a result, and of the contexts in which others were given it."""
        result, storage = task.current, self._storage
        if result is None or getattr(task.expansion, "spill", False):
            return  # what is spilled is in the storage alone
        if storage.persistent:
            left: Context = StoredContext.of(result, storage, storage.key(task))
        else:
            storage.delete(storage.key(task))
            left = Context.twin(result)
            left.storage = None
        for below in self._below[task.name]:
            if below.previous is not None:
                below.previous = left if below.previous is result else None
        task.current = left
        # Whoever has the former one, in memory, has the value no more.
        result.storage = None


class StoredContext(Context):
    """A context whose value is read from a storage each time that it is asked for."""

    __slots__ = ("_key", "_source")

    _key: str
    _source: Storage

    @classmethod
    def of(cls, context: Context, source: Storage, key: str) -> StoredContext:
        """Return a context of the same origin as one that was stored.

        Args:
            context: The context.
            source: Where it was stored.
            key: Under which key.
        """
        self = cls.__new__(cls)
        self._source = source
        self._key = key
        self._take_origin(context)
        return self

    @property
    def storage(self) -> Any:
        """The value, read anew.

        Raises:
            StorageError: It is not there any more.
        """
        found = self._source.get(self._key)
        missing = found.storage is None and not found.task_id
        if missing or found.run_id != self.run_id:
            raise StorageError(
                f"The result under {self._key!r} was let go (retain_results=False), and"
                f" {type(self._source).__name__} has it no more."
            )
        return found.storage

    def __repr__(self) -> str:
        return f"<StoredContext {self._key!r} in {type(self._source).__name__}>"

    def __reduce__(self) -> Any:
        origin = (self.task_id, self.workflow_id, self.kept_time)
        return (Context.of_task, (self.storage, *origin, self.run_id, self.lineage))
