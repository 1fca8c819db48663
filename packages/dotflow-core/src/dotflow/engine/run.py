"""`Run`: one execution of a workflow, and `RunSession`: what surrounds any loop.

Both in one file, since every run goes to and fro between them.
"""

from __future__ import annotations

import time

from dotflow.base.arguments import basic_callback
from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.engine.control import CancelRequests, Control, RunCancelled
from dotflow.engine.listeners import connect_providers, flush_providers
from dotflow.engine.loop import Loop
from dotflow.engine.run_state import RunState
from dotflow.engine.task_ends import TaskEnds
from dotflow.model.events import EventBus, RunFinished, RunStarted, TasksQueued
from dotflow.types import TypeStatus, WorkflowStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Any, Literal, Self
    from uuid import UUID

    from dotflow.abc.executor import AnyExecutor
    from dotflow.abc.storage import Storage
    from dotflow.config.config import Config
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.modes import Mode
    from dotflow.model.action import Action
    from dotflow.model.graph import Graph
    from dotflow.model.options import RunOptions, StartOptions
    from dotflow.model.run_info import RunInfo
    from dotflow.report.model import RunReport


class RunSession:
    """One run from its announcement to its end; a front end enters it around the loop.

    The order matters, since listeners hear an event in the order they came:

    1. The history first: what it notes of a task must not wait for a provider.
    2. The providers of the user, whom a slow or failing store must not hold up.
    3. What the front end itself keeps of the run (`begin`): it may let go of results,
       which all others are to see before.
    4. The announcement, once all are there to hear it.

    At the end the front end's own record (`end`) comes before `RunFinished`: whoever
    hears that a run is over finds it recorded so. Even a store that fails then leaves
    the providers told.

    Args:
        graph: What runs.
        storage: What the run takes more than results from.
        told: The providers that hear of it; None where nobody asked to be told.
        options: Its deadline, its limits, and whether caches are refreshed; checked.
        workflow: What listeners know its workflow by.
        mode: How they know its mode.
        cancelled_by: What requests of other processes to cancel it name; None where
            none of them can know it.

    Attributes:
        status: The state of the run, a `WorkflowStatus`.
        started: When it began, in seconds since the epoch; None before.
        duration: How long it took, in seconds; None while it goes on.
        requests: Those of other processes to cancel it; None where none can be left.
        failed: Whether a task has failed, or the run has not come to its end.
    """

    tells_server = True

    def __init__(
        self,
        graph: Graph,
        storage: Storage,
        told: Config | None,
        options: RunOptions,
        *,
        workflow: UUID | str | None,
        mode: str,
        cancelled_by: UUID | str | None,
    ) -> None:
        self.status = WorkflowStatus.NEW
        self.started: float | None = None
        self.duration: float | None = None
        self.failed = True
        self.graph = graph
        self.bus = EventBus()
        # Nobody else can ask for it of an id that nobody else knows.
        self.requests: CancelRequests | None = None
        if cancelled_by is not None and storage.shared:
            self.requests = CancelRequests(storage, cancelled_by)
        self.control = Control(
            options["deadline"], None if self.requests is None else self._requested
        )
        self._storage = storage
        self._told = told
        self._options = options
        self._workflow = workflow
        self._mode = mode
        self._admission: Admission | None = None

    def info(self) -> RunInfo:
        """Return what is known of the run when it begins."""
        raise NotImplementedError

    def begin(self) -> None:
        """Record that the run begins."""

    def end(self, interrupted: bool) -> None:
        """Record how the run ended.

        Args:
            interrupted: Whether it ended before all that could run had run.
        """

    def _requested(self) -> str | None:
        """Return why another process asks for the end of the run, if one does."""
        try:
            return None if self.requests is None else self.requests.read()
        except Exception as error:  # noqa: BLE001 - asking never breaks running
            self.bus.report(type(self._storage).__name__, error)
            return None

    def loop(
        self,
        executor: AnyExecutor,
        checkpoints: Checkpoints,
        steps: Iterable[Action[..., object]],
        *,
        keep_going: bool,
        max_parallel: int | None,
    ) -> Loop:
        """Return the loop of the run, with what its steps need of the session.

        Args:
            executor: Where attempts run.
            checkpoints: What is stored and restored.
            steps: The steps that may have a limit, a rate or a cache.
            keep_going: Whether a task runs although the one before it has failed.
            max_parallel: The bound on attempts at once; None for the executor's own.
        """
        if self._told is not None and self._told.tracer.active:
            from dotflow.engine.tracing import trace_attempts

            trace_attempts(executor, self._told.tracer, self.bus)
        guarded = [step for step in steps if step.guarded]
        cache = None
        if guarded:
            self._admission, cache = self._guards(guarded)
        state = RunState(
            self.graph,
            executor,
            self.bus,
            self.control,
            keep_going=keep_going,
            admission=self._admission,
        )
        return Loop(
            state,
            checkpoints,
            ends=self.make_ends(state),
            cache=cache,
            max_parallel=max_parallel,
        )

    def make_ends(self, state: RunState) -> TaskEnds:
        """Return how tasks end in this kind of run that do not complete.

        Args:
            state: The state of the run.
        """
        return TaskEnds(state)

    def __enter__(self) -> Self:
        self.started = time.time()
        self.status = WorkflowStatus.IN_PROGRESS
        self._record_history()
        if self._told is not None:
            connect_providers(
                self._told,
                self.bus,
                self._workflow,
                self.graph,
                server=self.tells_server,
            )
        self.begin()
        self.bus.emit(RunStarted(self._workflow, self._mode, self.graph.tasks))
        # Once all know of the run: a slow provider then holds none of them up.
        self.bus.emit(TasksQueued(self.graph.tasks))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if self._admission is not None:
            self._admission.close()  # what waits in other processes may begin now
        tasks, interrupted = self.graph.tasks, kind is not None
        self.failed = interrupted or TypeStatus.FAILED in {t.status for t in tasks}
        self.duration = max(0.0, time.time() - (self.started or 0.0))
        self.status = WorkflowStatus.FAILED if self.failed else WorkflowStatus.COMPLETED
        if self.control.reason is not None:
            self.status = WorkflowStatus.CANCELLED
        try:
            self.end(interrupted)
        finally:
            self.bus.emit(
                RunFinished(self._workflow, tasks, self.status, self.duration)
            )
        # A cancelled run is what was asked for: the tasks and the status tell.
        return kind is not None and issubclass(kind, RunCancelled)

    def _record_history(self) -> None:
        """Have the run written down, where its storage keeps a history."""
        try:
            history = self._storage.history
            recorder = None if history is None else history.recorder(self.info())
            if recorder is not None:
                recorder.connect(self.bus)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self.bus.report(f"The history of {type(self._storage).__name__}", error)

    def _guards(
        self, steps: Sequence[Action[..., object]]
    ) -> tuple[Admission | None, ResultCache | None]:
        """Return what keeps the limits and rates of steps, and their results."""
        admission = cache = None
        if any(step.cache for step in steps):
            from dotflow.engine.limits.cache import ResultCache

            cache = ResultCache(self._storage, self._options["refresh_cache"])
        limited = any(step.limit is not None for step in steps)
        if limited or any(step.rate is not None for step in steps):
            from dotflow.engine.limits.admission import Admission
            from dotflow.engine.limits.leases import Leases

            shared = limited and self._storage.shared
            leases = Leases(self._storage) if shared else None
            admission = Admission(self._options["limits"] or {}, leases)
        return admission, cache


class Origin:
    """The workflow that a run is of.

    Args:
        config: Its providers.
        workflow_id: Its id; None where it has none.
        resumable: Whether another process can know this id.
        name: Its name, for reports.
    """

    __slots__ = ("config", "name", "resumable", "workflow_id")

    def __init__(
        self,
        config: Config,
        workflow_id: UUID | str | None,
        resumable: bool,
        name: str | None = None,
    ) -> None:
        self.config = config
        self.workflow_id = workflow_id
        self.resumable = resumable
        self.name = name

    def checkpoints(self) -> RunCheckpoints:
        """Return what a run leaves in the storage, and finds there."""
        return RunCheckpoints(self.config.storage, self.workflow_id, self.resumable)

    @property
    def known_as(self) -> UUID | str | None:
        """What other processes can know it by; None where they cannot."""
        return self.workflow_id if self.resumable else None


class Run(RunSession):
    """One execution of the tasks of a graph in a mode.

    Args:
        graph: What to run.
        mode: How to run it.
        origin: The workflow.
        options: What `start` was given; checked.
        checkpoints: What is stored and restored.

    Attributes:
        metadata: What reports tell of it beside.
    """

    def __init__(
        self,
        graph: Graph,
        mode: Mode,
        origin: Origin,
        options: StartOptions,
        checkpoints: RunCheckpoints,
    ) -> None:
        super().__init__(
            graph,
            origin.config.storage,
            origin.config,
            options,
            workflow=origin.workflow_id,
            mode=mode.name,
            cancelled_by=origin.known_as,
        )
        self.mode = mode
        self.metadata: dict[str, Any] = {}
        self._tasks = list(graph.tasks)
        self._origin = origin
        self._start = options
        self._checkpoints = checkpoints

    def prepare(self) -> None:
        """Decide what is restored, and put the tasks back to their beginning.

        Raises:
            InputChangedError: The inputs changed, and the policy is to raise.
            StorageError: The storage failed.
        """
        start = self._start
        self._checkpoints.begin(
            self._tasks,
            start["resume"],
            start["on_input_change"],
            start["fingerprint"],
        )
        if self.requests is not None:
            self.requests.clear()
        for task in self._tasks:
            task.prepare()

    def execute(self) -> None:
        """Run to the end and tell everyone.

        Raises:
            KeyboardInterrupt: The run was interrupted.
            SystemExit: A task has asked for the end of the program.
        """
        begun = False
        try:
            with self:
                begun = True
                self._run()
        finally:
            # Last of all, so that a callback finds the run recorded and may start it
            # again.
            if begun:
                self._call_back()
                flush_providers(self._origin.config, self.bus)

    def _run(self) -> None:
        loop = self.loop(
            self.mode.executor(),
            self._checkpoints,
            [task.step for task in self._tasks],
            keep_going=self._start["keep_going"],
            max_parallel=self._start["max_parallel"],
        )
        try:
            loop.run()
        except KeyboardInterrupt:
            # `cancel` raises it in a thread whose step blocks.
            if self.control.reason is None:
                raise
            raise RunCancelled(self.control.reason) from None

    @property
    def run_id(self) -> str:
        """The id of this start."""
        return self._checkpoints.start_id

    def report(self, include_results: bool = False) -> RunReport:
        """Return what is known of the run now; see `build_report`."""
        from dotflow.report.build import build_report

        return build_report(
            self.info(),
            self._tasks,
            status=self.status,
            duration=self.duration,
            include_results=include_results,
        )

    def detach(self) -> None:
        """Keep the state of the tasks, which are about to start again."""
        self._tasks = [task.snapshot() for task in self._tasks]

    def info(self) -> RunInfo:
        """Return what is known of the run when it begins."""
        from dotflow.model.run_info import RunInfo

        return RunInfo(
            self._checkpoints.start_id,
            self._origin.workflow_id,
            self._origin.name,
            self.mode.name,
            self.graph,
            self._checkpoints.resumed_from,
            self.metadata,
            self.started,
        )

    def cancel(self, reason: str, interrupt: bool = True) -> None:
        """End the run as soon as possible; see `Control.cancel`."""
        self.control.cancel(reason, interrupt)

    def end(self, interrupted: bool) -> None:
        """Note in the storage whether the run left anything to resume."""
        try:
            self._checkpoints.end(completed=not self.failed)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            # Every result is stored already; a resume would only restore them all.
            self.bus.report(type(self._storage).__name__, error)

    def _call_back(self) -> None:
        name: Literal["on_failure", "on_success"]
        name = "on_failure" if self.failed else "on_success"
        callback: Any = self._start[name]
        if callback is basic_callback:
            return
        ran = [task for task in self._tasks if task.status != TypeStatus.NOT_STARTED]
        try:
            callback(tasks=ran)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self.bus.report(name, error)
