"""`Run`: one execution of a workflow, from its checkpoints to its callbacks."""

from __future__ import annotations

from dotflow.base.arguments import basic_callback
from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.engine.control import RunCancelled
from dotflow.engine.listeners import flush_providers
from dotflow.engine.session import RunSession
from dotflow.types import TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal
    from uuid import UUID

    from dotflow.config.config import Config
    from dotflow.engine.modes import Mode
    from dotflow.model.graph import Graph
    from dotflow.model.options import StartOptions
    from dotflow.model.run_info import RunInfo
    from dotflow.report.model import RunReport


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
        mode: How it runs.
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
            # As for every task that was just added: most need no second reset.
            if task.status != TypeStatus.NOT_STARTED or task.previous or task.current:
                task.reset()

    def execute(self) -> None:
        """Run to the end and tell everyone.

        Raises:
            KeyboardInterrupt: The run was interrupted.
            SystemExit: A task has asked for the end of the program.
        """
        try:
            with self:
                self._run()
        finally:
            # Last of all, so that a callback finds the run recorded and may start it
            # again.
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
        """Return what is known of the run now.

        Args:
            include_results: Whether results are told, beside their type and size.
        """
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
        """End the run as soon as possible; from any thread.

        Args:
            reason: Why.
            interrupt: Whether to stop a step that blocks the loop, if nobody else does.
        """
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
