"""`Run`: one execution of a workflow, from its validation to its callbacks."""

from __future__ import annotations

import time

from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.engine.control import CancelRequests, Control, RunCancelled
from dotflow.engine.extras import (
    cancel_requests,
    make_admission,
    make_cache,
    record_history,
)
from dotflow.engine.listeners import connect_providers, flush_providers
from dotflow.engine.loop import Loop
from dotflow.engine.run_state import RunState
from dotflow.engine.task_ends import TaskEnds
from dotflow.model import events
from dotflow.types import TypeStatus, WorkflowStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any
    from uuid import UUID

    from dotflow.config.config import Config
    from dotflow.engine.modes import Mode
    from dotflow.model.run_info import RunInfo
    from dotflow.model.task import Task
    from dotflow.report.model import RunReport


class Run:
    """One execution of tasks in a mode.

    Building it checks everything that can be known before a task runs.

    Args:
        tasks: What to run.
        mode: How to run it.
        config: The providers.
        workflow_id: The workflow that the tasks belong to.
        resumable: Whether another process can know this workflow id.
        on_success: Called as `on_success(tasks=…)` when no task has failed.
        on_failure: Called as `on_failure(tasks=…)` otherwise.
        keep_going: Whether a task runs although the one before it has failed.
        max_parallel: The bound on attempts at once; None for the mode's own.
        deadline: Seconds until the run is cancelled; None for no bound.
        limits: The sizes of named limits.
        refresh_cache: Whether cached results are computed again.
        name: The workflow's name, for reports.

    Raises:
        GraphError: The tasks form no graph.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        mode: Mode,
        config: Config,
        workflow_id: UUID | str | None,
        *,
        resumable: bool,
        on_success: Callable[..., Any],
        on_failure: Callable[..., Any],
        keep_going: bool = False,
        max_parallel: int | None = None,
        deadline: float | None = None,
        limits: dict[str, int] | None = None,
        refresh_cache: bool = False,
        name: str | None = None,
    ) -> None:
        self.mode = mode
        self.name = name
        self.metadata: dict[str, Any] = {}
        self.status = WorkflowStatus.NEW
        self.duration: float | None = None
        self._started: float | None = None
        self._tasks = list(tasks)
        self._config = config
        self._workflow_id = workflow_id
        self._resumable = resumable
        self._on_success = on_success
        self._on_failure = on_failure
        self._keep_going = keep_going
        self._max_parallel = max_parallel
        self._limits = limits or {}
        self._refresh_cache = refresh_cache
        self._bus = events.EventBus()
        self._control = Control(deadline, self._cancel_requests(resumable))
        self._graph = mode.compile(tasks)
        self._checkpoints = RunCheckpoints(config.storage, workflow_id, resumable)

    def prepare(
        self, resume: bool, on_input_change: str, fingerprint: str | None
    ) -> None:
        """Decide what is restored, and put the tasks back to their beginning.

        Raises:
            InputChangedError: The inputs changed, and the policy is to raise.
            StorageError: The storage failed.
        """
        self._checkpoints.begin(self._tasks, resume, on_input_change, fingerprint)
        # Nobody else can ask for it of an id that nobody else knows.
        if (
            self._resumable
            and self._workflow_id is not None
            and self._config.storage.shared
        ):
            CancelRequests(self._config.storage, self._workflow_id).clear()
        for task in self._tasks:
            # As for every task that was just added: most need no second reset.
            if task.status != TypeStatus.NOT_STARTED or task.previous or task.current:
                task.reset()

    def execute(self) -> None:
        """Run to the end and tell everyone.

        Raises:
            KeyboardInterrupt: The run was interrupted.
            SystemExit: A task has asked for the end of the program.
        """
        self._started = started = time.time()
        self.status = WorkflowStatus.IN_PROGRESS
        record_history(self._config.storage, self._info, self._bus)
        connect_providers(self._config, self._bus, self._workflow_id, self._graph)
        self._bus.emit(
            events.RunStarted(self._workflow_id, self.mode.name, self._tasks)
        )
        executor = self.mode.executor()
        if self._config.tracer.active:
            from dotflow.engine.tracing import trace_attempts

            trace_attempts(executor, self._config.tracer, self._bus)
        storage, steps = self._config.storage, [task.step for task in self._tasks]
        admission = make_admission(steps, storage, self._limits)
        state = RunState(
            self._graph,
            executor,
            self._bus,
            self._control,
            keep_going=self._keep_going,
            admission=admission,
        )
        cache = make_cache(steps, storage, self._refresh_cache)
        loop = Loop(
            state,
            self._checkpoints,
            ends=self._make_ends(state),
            cache=cache,
            max_parallel=self._max_parallel,
        )
        interrupted = True
        try:
            loop.run()
            interrupted = False
        except RunCancelled:
            pass  # it is what was asked for: the tasks and the status tell
        except KeyboardInterrupt:
            if self._control.reason is None:
                raise
        finally:
            if admission is not None:
                admission.close()
            self.duration = time.time() - started
            self._finish(interrupted)

    @property
    def run_id(self) -> str:
        """The id of this start."""
        return self._checkpoints.start_id

    def report(self, include_results: bool = False) -> RunReport:
        """Return what is known of the run now.

        Args:
            include_results: Whether results are told, beside their type and size.
        """
        from dotflow.report.build import build_report

        return build_report(
            self._info(),
            self._tasks,
            status=self.status,
            duration=self.duration,
            include_results=include_results,
        )

    def detach(self) -> None:
        """Keep the state of the tasks, which are about to start again."""
        self._tasks = [task.snapshot() for task in self._tasks]

    def _info(self) -> RunInfo:
        from dotflow.model.run_info import RunInfo

        return RunInfo(
            self._checkpoints.start_id,
            self._workflow_id,
            self.name,
            self.mode.name,
            self._graph,
            self._checkpoints.resumed_from,
            self.metadata,
            self._started,
        )

    def cancel(self, reason: str, interrupt: bool = True) -> None:
        """End the run as soon as possible; from any thread.

        Args:
            reason: Why.
            interrupt: Whether to stop a step that blocks the loop, if nobody else does.
        """
        self._control.cancel(reason, interrupt)

    def _make_ends(self, state: RunState) -> TaskEnds:
        """Return how tasks end in this kind of run that do not complete."""
        return TaskEnds(state)

    def _cancel_requests(self, resumable: bool) -> Callable[[], str | None] | None:
        """Return what tells the requests of other processes, where there can be any."""
        if not resumable or self._workflow_id is None:
            return None
        return cancel_requests(self._config.storage, self._workflow_id, self._bus)

    def _finish(self, interrupted: bool) -> None:
        failed = interrupted or TypeStatus.FAILED in {t.status for t in self._tasks}
        self.status = WorkflowStatus.FAILED if failed else WorkflowStatus.COMPLETED
        if self._control.reason is not None:
            self.status = WorkflowStatus.CANCELLED
        self._note_in_storage(completed=not failed)
        self._bus.emit(
            events.RunFinished(
                self._workflow_id, self._tasks, self.status, self.duration or 0.0
            )
        )
        ran = [task for task in self._tasks if task.status != TypeStatus.NOT_STARTED]
        callback = self._on_failure if failed else self._on_success
        try:
            callback(tasks=ran)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self._bus.report("on_failure" if failed else "on_success", error)
        flush_providers(self._config, self._bus)

    def _note_in_storage(self, completed: bool) -> None:
        try:
            self._checkpoints.end(completed)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            # Every result is stored already; a resume would only restore them all.
            self._bus.report(type(self._config.storage).__name__, error)
