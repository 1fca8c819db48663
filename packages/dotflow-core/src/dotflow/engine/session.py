"""`RunSession`: what surrounds the loop of one run, whichever front end it has.

Who listens, and what the run takes from its storage beside checkpoints: named limits,
kept results, requests to cancel it and its history; each only where the run needs it,
so that any other run pays for none.
"""

from __future__ import annotations

import time

from dotflow.engine.control import CancelRequests, Control, RunCancelled
from dotflow.engine.listeners import connect_providers
from dotflow.engine.loop import Loop
from dotflow.engine.run_state import RunState
from dotflow.engine.task_ends import TaskEnds
from dotflow.model.events import EventBus, RunFinished, RunStarted
from dotflow.types import TypeStatus, WorkflowStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self
    from uuid import UUID

    from dotflow.abc.executor import AnyExecutor
    from dotflow.abc.storage import Storage
    from dotflow.config.config import Config
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.model.action import Action
    from dotflow.model.graph import Graph
    from dotflow.model.options import RunOptions
    from dotflow.model.run_info import RunInfo


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
        steps = [step for step in steps if step.guarded]
        limits, refresh = self._options["limits"] or {}, self._options["refresh_cache"]
        self._admission = _make_admission(steps, self._storage, limits)
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
            cache=_make_cache(steps, self._storage, refresh),
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
        _record_history(self._storage, self.info, self.bus)
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


def _make_admission(
    steps: Iterable[Action[..., object]], storage: Storage, sizes: dict[str, int]
) -> Admission | None:
    """Return what keeps the limits and rates of steps; None where none has any.

    Args:
        steps: The steps of the run.
        storage: Where limits are shared with other processes, if it can be.
        sizes: The sizes of named limits.
    """
    if not any(step.limit is not None or step.rate is not None for step in steps):
        return None
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.leases import Leases

    shared = storage.shared and any(step.limit is not None for step in steps)
    return Admission(sizes, Leases(storage) if shared else None)


def _make_cache(
    steps: Iterable[Action[..., object]], storage: Storage, refresh: bool
) -> ResultCache | None:
    """Return what finds and keeps the results of steps; None where none asks for it.

    Args:
        steps: The steps of the run.
        storage: Where results are kept.
        refresh: Whether they are computed again.
    """
    if not [step for step in steps if step.cache]:
        return None
    from dotflow.engine.limits.cache import ResultCache

    return ResultCache(storage, refresh)


def _record_history(
    storage: Storage, info: Callable[[], RunInfo], bus: EventBus
) -> None:
    """Have a run written down, where its storage keeps a history.

    Args:
        storage: The storage.
        info: Tells of the run.
        bus: The bus of the run.
    """
    try:
        history = storage.history
        recorder = None if history is None else history.recorder(info())
        if recorder is not None:
            recorder.connect(bus)
    except Exception as error:  # noqa: BLE001 - telling never breaks running
        bus.report(f"The history of {type(storage).__name__}", error)
