"""`Run`: one execution of a workflow, from its validation to its callbacks."""

from __future__ import annotations

import time

from dotflow.core.types import TypeStatus, WorkflowStatus
from dotflow.engine import events
from dotflow.engine.checkpoint import Checkpoints
from dotflow.engine.listeners import connect_providers
from dotflow.engine.loop import Engine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any
    from uuid import UUID

    from dotflow.core.config import Config
    from dotflow.core.task import Task
    from dotflow.engine.modes import Mode

# How long a provider that delivers in the background may hold up the end of a run.
FLUSH_SECONDS = 5.0
_DELIVERING = ("log", "notify", "tracer", "metrics", "server")


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
    ) -> None:
        self.mode = mode
        self.status = WorkflowStatus.NEW
        self.duration: float | None = None
        self._tasks = list(tasks)
        self._config = config
        self._workflow_id = workflow_id
        self._on_success = on_success
        self._on_failure = on_failure
        self._keep_going = keep_going
        self._max_parallel = max_parallel
        self._graph = mode.compile(tasks)
        self._checkpoints = Checkpoints(config.storage, workflow_id, resumable)
        self._bus = events.EventBus()

    def prepare(
        self, resume: bool, on_input_change: str, fingerprint: str | None
    ) -> None:
        """Decide what is restored, and put the tasks back to their beginning.

        Raises:
            InputChangedError: The inputs changed, and the policy is to raise.
            StorageError: The storage failed.
        """
        self._checkpoints.begin(self._tasks, resume, on_input_change, fingerprint)
        for task in self._tasks:
            task.reset()

    def execute(self) -> None:
        """Run to the end and tell everyone.

        Raises:
            KeyboardInterrupt: The run was interrupted.
            SystemExit: A task has asked for the end of the program.
        """
        started = time.time()
        self.status = WorkflowStatus.IN_PROGRESS
        connect_providers(self._config, self._bus, self._workflow_id)
        self._announce()
        engine = Engine(
            self._graph,
            self.mode.executor(),
            self._checkpoints,
            self._bus,
            self._keep_going,
            self._max_parallel,
        )
        interrupted = True
        try:
            engine.run()
            interrupted = False
        finally:
            self.duration = time.time() - started
            self._finish(interrupted)

    def _announce(self) -> None:
        self._bus.emit(
            events.RunStarted(self._workflow_id, self.mode.name, self._tasks)
        )
        listeners = self._bus.listeners(events.TaskQueued)
        if listeners:
            for task in self._tasks:
                event = events.TaskQueued(task)
                for listener in listeners:
                    listener(event)

    def _finish(self, interrupted: bool) -> None:
        failed = interrupted or any(
            task.status == TypeStatus.FAILED for task in self._tasks
        )
        self.status = WorkflowStatus.FAILED if failed else WorkflowStatus.COMPLETED
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
        self._flush_providers()

    def _note_in_storage(self, completed: bool) -> None:
        try:
            self._checkpoints.end(completed)
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            # Every result is stored already; a resume would only restore them all.
            self._bus.report(type(self._config.storage).__name__, error)

    def _flush_providers(self) -> None:
        """Give providers that deliver in the background a bounded time to do so."""
        for family in _DELIVERING:
            provider = getattr(self._config, family)
            flush = getattr(provider, "flush", None)
            if flush is None or not getattr(provider, "active", True):
                continue
            try:
                flush(FLUSH_SECONDS)
            except Exception as error:  # noqa: BLE001 - telling never breaks running
                self._bus.report(type(provider).__name__, error)
