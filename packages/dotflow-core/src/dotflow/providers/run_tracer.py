"""`RunTracer`: the base of tracers that hold something open for each run."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, Protocol, TypeVar

from dotflow.abc.tracer import Tracer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from dotflow.model.graph import Graph


class TracedRun(Protocol):
    """What a tracer holds open for a run."""

    workflow_id: str

    @property
    def tasks(self) -> Iterable[Any]:
        """The tasks that are known to be the run's."""

    def end(self, values: dict[str, Any]) -> None:
        """Close it, and whatever is still open in it.

        Args:
            values: How the run ended, as `Tracer.end_workflow` is told.
        """


RunT = TypeVar("RunT", bound=TracedRun)


class RunTracer(Tracer, Generic[RunT]):
    """Knows of each task which run it belongs to; a subclass says what a run opens.

    It writes `begin`, `start_task` and `end_task`, and asks `run_of` in the latter two.
    """

    def __init__(self) -> None:
        # By graph where there is one: two runs of one workflow may go on at once.
        self._runs: dict[Any, list[RunT]] = {}
        self._by_task: dict[int, RunT] = {}

    @abstractmethod
    def begin(
        self, workflow_id: str, graph: Graph | None, values: dict[str, Any]
    ) -> RunT:
        """Open what a run has, and return it.

        Args:
            workflow_id: The workflow's id.
            graph: The tasks and their edges, where they are known.
            values: What is known of the run.
        """

    def start_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """Begin to trace a run.

        Args:
            workflow_id: The workflow's id.
            kwargs: What is known of the run.
        """
        self.start_run(workflow_id, None, **kwargs)

    def end_workflow(self, workflow_id: Any, **kwargs: Any) -> None:
        """End the trace of a run.

        Args:
            workflow_id: The workflow's id.
            kwargs: How it ended: `duration` and `failed`.
        """
        self.end_run(workflow_id, None, **kwargs)

    def start_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """Begin to trace a run; see `Tracer.start_run`."""
        run = self.begin(str(workflow_id), graph, kwargs)
        self._runs.setdefault(_key(workflow_id, graph), []).append(run)
        for task in run.tasks:
            self._by_task[id(task)] = run

    def end_run(
        self, workflow_id: Any, graph: Graph | None = None, **kwargs: Any
    ) -> None:
        """End the trace of a run; see `Tracer.end_run`."""
        key = _key(workflow_id, graph)
        runs = self._runs.get(key)
        if not runs:
            return
        run = runs.pop()
        if not runs:
            self._runs.pop(key, None)
        for task in run.tasks:
            self._by_task.pop(id(task), None)
        run.end(kwargs)

    def run_of(self, task: Any) -> RunT | None:
        """Return the run that a task belongs to, None for a task that runs by itself.

        Args:
            task: The `Task`.
        """
        run = self._by_task.get(id(task))
        if run is not None:
            return run
        # A task that its run has made on the way, or one of a run without a graph.
        workflow_id = str(task.workflow_id)
        active = (run for runs in list(self._runs.values()) for run in runs)
        return next((run for run in active if run.workflow_id == workflow_id), None)


def _key(workflow_id: Any, graph: Graph | None) -> Any:
    return str(workflow_id) if graph is None else id(graph)
