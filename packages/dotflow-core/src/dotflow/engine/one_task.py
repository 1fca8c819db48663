"""`OneTaskRun`: one task of a workflow whose other tasks other processes run."""

from __future__ import annotations

from dotflow.engine.binding import check_limits, check_parameters
from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.engine.executors.inline import InlineExecutor
from dotflow.engine.modes import Mode
from dotflow.engine.run import Run
from dotflow.engine.task_ends import TaskEnds
from dotflow.errors import InvalidTask, UpstreamNotCompleted
from dotflow.model import events
from dotflow.types import TypeOutcome, WorkflowStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.engine.origin import Origin
    from dotflow.engine.run_state import RunState
    from dotflow.model.context import Context
    from dotflow.model.graph import Graph
    from dotflow.model.items import ItemKey
    from dotflow.model.options import StartOptions
    from dotflow.model.outcome import Failure
    from dotflow.model.task import TaskInstance


class OneTaskRun(Run):
    """One attempt of one task, with what is upstream of it restored.

    It is a run of the one engine over a graph of that task and its upstream. The
    checkpoints are those of a run of the whole workflow.

    Args:
        tasks: All tasks of the workflow.
        name: The name of the task to run.
        mode: The mode whose edges count.
        origin: The workflow, whose id is the run's for all its processes; its storage
            is durable.
        options: What `start` would be given; checked.

    Raises:
        DotflowError: As of `run_task`.
    """

    def __init__(
        self,
        tasks: Sequence[TaskInstance],
        name: str,
        mode: Mode,
        origin: Origin,
        options: StartOptions,
    ) -> None:
        whole, node = mode.compile(tasks), _place(tasks, name)
        self.task = task = whole.tasks[node]
        task.check()
        check_parameters(whole.around(node, ()))
        check_limits(options["limits"], tasks)
        checkpoints = _Looked(origin.config.storage, origin.workflow_id, True)
        checkpoints.join(whole)
        found, missing = checkpoints.look_upstream(whole, node)
        if missing and not options["keep_going"]:
            raise UpstreamNotCompleted(task.name, missing, origin.workflow_id)
        # There is one attempt, and the process is the platform's for just that.
        inline = Mode(mode.name, InlineExecutor)
        graph = whole.around(node, found)
        super().__init__(graph, inline, origin, options, checkpoints)
        self.metadata["task"] = name
        self._failure: Failure | None = None
        explicit = task.depends_on is not None
        self._skipped_for = missing[0] if missing and explicit else None

    @property
    def retryable(self) -> bool:
        """Whether the task has failed, and another attempt may come to something else.

        It is not where `retry_on` does not name what was raised, where the step has
        called `sys.exit`, where the storage failed after it had run, where the items of a
        mapped task have had their attempts, and where the run was cancelled.
        """
        return (
            self.status == WorkflowStatus.FAILED
            and self._failure is not None
            and self._failure.retryable
            and not self._failure.exit_code
        )

    def make_ends(self, state: RunState) -> TaskEnds:
        """Return how tasks end here: after their first attempt."""
        ends = _OneAttempt(state)
        state.bus.subscribe(events.TaskFailed, self._note_failure, "run_task")
        # Both now, since the loop looks for what speaks against a task only after one.
        self.control.poll(at_once=True)
        if self._skipped_for is not None:
            self._skip_all(state, ends, self._skipped_for)
        return ends

    @staticmethod
    def _skip_all(state: RunState, ends: _OneAttempt, upstream: str) -> None:
        """Have nothing start: something upstream of the task has no result."""
        state.ready.clear()
        ends.skip(len(state.tasks) - 1, upstream)

    def _note_failure(self, event: events.TaskFailed) -> None:
        if event.failure.kind != TypeOutcome.CANCELLED:
            self._failure = event.failure

    def end(self, interrupted: bool) -> None:
        """Leave the state of the run as it is: other tasks of it may go on."""


class _Looked(RunCheckpoints):
    """Checkpoints that are read once, where they were looked for before the run."""

    def __init__(
        self, storage: Storage, workflow_id: UUID | str | None, resumable: bool
    ) -> None:
        super().__init__(storage, workflow_id, resumable)
        self._seen: dict[str, Context] = {}
        self._upstream = 0
        # The task's place in the whole graph; None where it is completed already.
        self._node: int | None = None

    def look_upstream(self, graph: Graph, node: int) -> tuple[list[int], list[str]]:
        """Return the nodes upstream with a result, and the names of those without.

        There are none of either where the task itself is completed already.
        """
        found: list[int] = []
        missing: list[str] = []
        for up in graph.upstream[node]:
            task = graph.tasks[up]
            task.current = self._look(task)
            task.restored = task.current is not None
            if task.current is None:
                missing.append(task.name)
            else:
                found.append(up)
        stored = self._look(graph.tasks[node])
        completed = stored is not None and super().belongs(node, stored)
        if completed:
            found, missing = [], []
        else:
            self._upstream, self._node = len(found), node
            self._seen.pop(graph.tasks[node].checkpoint_key, None)
        if self.lineages is not None:
            # The run is over a graph of these tasks alone, with this one as its last.
            self.lineages = [*[""] * len(found), self.lineages[node]]
        for up in graph.upstream[node]:
            graph.tasks[up].reset()
        return found, missing

    def belongs(self, node: int, stored: Context) -> bool:
        """Say whether the task's own result holds; those upstream count as they are."""
        if node < self._upstream or self._node is None:
            return True
        return super().belongs(self._node, stored)

    def _look(self, task: TaskInstance) -> Context | None:
        found = super().load(task)
        if found is not None:
            self._seen[task.checkpoint_key] = found
        return found

    def load(self, task: TaskInstance | ItemKey) -> Context | None:
        found = self._seen.pop(task.checkpoint_key, None)
        return super().load(task) if found is None else found


class _OneAttempt(TaskEnds):
    """Lets a task end after its first attempt: whoever runs it may start another."""

    __slots__ = ()

    def retry(
        self, node: int, task: TaskInstance, failure: Failure, finished: float
    ) -> None:
        self.fail(node, task, failure, finished)

    def skip(self, node: int, upstream: str) -> None:
        self._skip([node], f"upstream task '{upstream}' failed")


def _place(tasks: Sequence[TaskInstance], name: str) -> int:
    for place, task in enumerate(tasks):
        if task.name == name:
            return place
    from dotflow.base.suggest import hint

    names = [task.name for task in tasks]
    known = ", ".join(names[:20]) or "none"
    raise InvalidTask(
        f"There is no task {name!r}.{hint(name, names)} There are: {known}."
    )
