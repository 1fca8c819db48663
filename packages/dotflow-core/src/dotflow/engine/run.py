"""`Run`: one execution of a workflow, and `RunSession`: what surrounds any loop.

Both in one file, since every run goes to and fro between them.
"""

from __future__ import annotations

import threading
import time

from dotflow.base.arguments import basic_callback
from dotflow.base.coroutines import finish_callback
from dotflow.base.starting import current_run, current_starter
from dotflow.config.config import tellers
from dotflow.engine.control import OtherRuns, RunCancelled, is_interruption
from dotflow.engine.listeners import connect_notify, connect_providers
from dotflow.engine.loop import Loop
from dotflow.engine.run_state import RunState
from dotflow.engine.task_ends import TaskEnds
from dotflow.model import events
from dotflow.model.action import Action
from dotflow.types import TypeStatus, WorkflowStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Literal, Self
    from uuid import UUID

    from dotflow.abc.executor import AnyExecutor
    from dotflow.abc.history import Recorder
    from dotflow.abc.notify import Notify
    from dotflow.abc.server import Server
    from dotflow.abc.storage import Storage
    from dotflow.config.config import Config
    from dotflow.engine.checkpoint import Checkpoints, RunCheckpoints
    from dotflow.engine.limits.admission import Admission
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.listeners import Unserved
    from dotflow.engine.modes import Mode
    from dotflow.engine.origin import Origin
    from dotflow.model.graph import Graph
    from dotflow.model.options import RunOptions, StartOptions
    from dotflow.model.run_info import RunIdentity, RunInfo
    from dotflow.model.task import TaskInstance
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
        others: The lease that keeps other runs out, and their requests to cancel it.
        failed: Whether a task has failed, or the run has not come to its end.
        starter: What has started it for the user; None where the user's code has.
        parent: The id of the run whose step has; None where none has.
        display: What shows the run to whoever watches it, beside the providers.
    """

    display: Notify | None = None
    run_id: str
    """Its id, a ULID."""

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
        # Asked here, where it is started: it may run in another thread.
        self.starter = current_starter.get()
        self.parent = current_run.get()
        self._identity: RunIdentity | None = None
        self.graph = graph
        self._tasks: Sequence[TaskInstance] = graph.tasks
        self.bus = events.EventBus()
        self.others = OtherRuns(storage, options, self.run_id, cancelled_by, self.bus)
        self.control = self.others.control
        self._storage = storage
        self._told = told
        self._tellers: dict[str, Any] = {}
        self._options = options
        self._workflow = workflow
        self._mode = mode
        self._admission: Admission | None = None
        self._cache: ResultCache | None = None
        self._ends: TaskEnds | None = None
        self._hears = False
        self._ending = threading.Lock()  # whoever has it tells the end of the run

    def info(self) -> RunInfo:
        """Return what is known of the run when it begins."""
        raise NotImplementedError

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

    def identity(self, name: str | None, workflow_id: UUID | str | None) -> RunIdentity:
        """Return who the run is; see `identify`."""
        if self._identity is None:
            from dotflow.engine.identity import identify

            tags = self._options["tags"] or ()
            self._identity = identify(
                self.starter, self.parent, name, workflow_id, tags
            )
        return self._identity

    def unserved(self) -> Unserved | None:
        """Return what registers the run with a server; None where that knows it."""
        return None

    def begin(self) -> None:
        """Record that the run begins."""

    def end(self, interrupted: bool) -> None:
        """Record how the run ended.

        Args:
            interrupted: Whether it ended before all that could run had run.
        """

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
        guarded = [step for step in steps if step.guarded]
        if guarded:
            from dotflow.engine.limits.guards import keep_guards

            self._admission, self._cache = keep_guards(
                guarded, executor, self._storage, self._options
            )
        # After the limits, since what a tracer puts around an attempt goes around all.
        tracer = self._tellers.get("tracer")
        if tracer is not None and tracer.active:
            from dotflow.engine.tracing import trace_attempts

            trace_attempts(executor, tracer, self.bus)
        state = RunState(
            self.graph,
            executor,
            self.bus,
            self.control,
            keep_going=keep_going,
            admission=self._admission,
        )
        self._ends = ends = self.make_ends(state)
        return Loop(
            state, checkpoints, ends=ends, cache=self._cache, max_parallel=max_parallel
        )

    def make_ends(self, state: RunState) -> TaskEnds:
        """Return how tasks end in this kind of run that do not complete.

        Args:
            state: The state of the run.
        """
        return TaskEnds(state)

    def __enter__(self) -> Self:
        current_run.set(self.run_id)
        self.started = time.time()
        self.status = WorkflowStatus.IN_PROGRESS
        self._written = self._record_history()
        if self._told is not None:
            self._connect(self._told)
        if self.display is not None:
            connect_notify(self.display, self.bus)
        self.begin()
        if events.TaskOutput in self.bus.kinds:
            from dotflow.engine.heard_streams import begin_hearing

            begin_hearing()
            self._hears = True
        self.bus.tell(events.RunStarted, self._workflow, self._mode, self.graph.tasks)
        # Once all know of the run: a slow provider then holds none of them up.
        self.bus.tell(events.TasksQueued, self.graph.tasks)
        return self

    def _connect(self, told: Config) -> None:
        self._tellers = heard = tellers(told)
        served = (self.unserved(), self.follow)
        connect_providers(heard, self.bus, self._workflow, self.graph, *served)
        if not told.capture:
            self.bus.ignore(events.TaskOutput)
        notify, slow = heard.get("notify"), self._options["slow_after"]
        ruled = notify is not None and notify.alert_rules is not None
        if ruled or slow is not None:
            from dotflow.engine.alerts import watch_run

            clock, notify = self.control.clock, told.notify
            watch_run(self.info, self._storage, self.bus, notify, clock, slow)

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> bool:
        current_run.set(self.parent)  # no token: it may end in another context
        # Without it the end was told by `abandon`, and this thread comes too late.
        if self._ending.acquire(blocking=False):
            self._conclude(kind)
        # A cancelled run is what was asked for: the tasks and the status tell.
        return kind is not None and issubclass(kind, RunCancelled)

    def abandon(self) -> None:
        """Tell from another thread that the run is cancelled, since the program ends.

        Its own thread is in a call that does not return; if it ever does, it tells no
        more.
        """
        if not self._ending.acquire(blocking=False):
            return
        if self._ends is not None:
            self._ends.cancel_running(KeyboardInterrupt())
        self._conclude(KeyboardInterrupt)
        self.bus.close()

    def _conclude(self, kind: type[BaseException] | None) -> None:
        """Note how the run ended, and tell it."""
        for shared in (self._admission, self._cache):
            if shared is not None:
                shared.close()  # what waits in other processes may begin now
        tasks, interrupted = self.graph.tasks, kind is not None
        self.failed = interrupted or TypeStatus.FAILED in {t.status for t in tasks}
        self.duration = max(0.0, time.time() - (self.started or 0.0))
        self.status = WorkflowStatus.FAILED if self.failed else WorkflowStatus.COMPLETED
        if self.control.reason is not None or (kind and is_interruption(kind)):
            self.status = WorkflowStatus.CANCELLED
        try:
            self.end(interrupted)
        finally:
            # Before anybody hears of the end, who may start the next run.
            self.others.let_go()
            if self._hears:
                from dotflow.engine.heard_streams import end_hearing

                end_hearing()
            self.bus.tell(
                events.RunFinished, self._workflow, tasks, self.status, self.duration
            )

    def _record_history(self) -> bool:
        """Have the run written down, where its storage keeps a history."""
        try:
            if self._storage.retention.keep_runs == 0:  # none, and no import for it
                return False
            history = self._storage.history
            recorder = None if history is None else history.recorder(self.info())
            if recorder is not None:
                recorder.connect(self.bus)
            return recorder is not None
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self.bus.report(f"The history of {type(self._storage).__name__}", error)
            return False

    def follow(self, server: Server) -> Recorder | None:
        """Have a server hear of the run; see `Server.follow`."""
        cancel = self.control.cancel
        return server.follow(self.info(), self._storage, self._written, cancel)


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
        self.run_id = checkpoints.start_id
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
        self._origin = origin
        self._start = options
        self._checkpoints = checkpoints

    def prepare(self) -> bool:
        """Decide what is restored, and put the tasks back to their beginning.

        Returns:
            Whether the run may begin; False where another one goes on, and this one is
            to be skipped then.

        Raises:
            WorkflowAlreadyRunning: Another run goes on.
            GraphError: A step requires what nothing provides.
            InputChangedError: The inputs changed, and the policy is to raise.
            StorageError: The storage failed.
        """
        # Told apart here, since of a hundred thousand tasks nearly all are as they were
        # added, and ask for nothing.
        for task in self._tasks:
            checked = type(task.step) is Action and task.callback is basic_callback
            if not checked or task.initial is not None:
                task.check()
        limits = self._start["limits"]
        if limits or [task for task in self._tasks if task.step.checked]:
            from dotflow.engine.binding import check_limits, check_parameters

            check_parameters(self.graph)
            check_limits(limits, self._tasks)
        if self._origin.busy or not self._may_begin():
            self.status = WorkflowStatus.SKIPPED
            return False
        self._checkpoints.lease = self.others.lease
        try:
            self._checkpoints.begin(self.graph, self._start)
            self.others.forget()
            if not self.mode.chained:
                from dotflow.engine.binding import warn_of_unfed

                warn_of_unfed(self.graph, self.mode.name)
            for task in self._tasks:
                task.reset()
        except BaseException:
            self.others.let_go()
            raise
        return True

    def _may_begin(self) -> bool:
        origin = self._origin
        steps = self.others.hold(origin.workflow_id, origin.resumable, origin.shared_by)
        try:
            while True:
                time.sleep(next(steps))
        except StopIteration as end:
            return bool(end.value)

    def execute(self) -> None:
        """Run to the end and tell everyone.

        Raises:
            KeyboardInterrupt: The run was interrupted.
            SystemExit: A task has asked for the end of the program.
        """
        from dotflow.engine.signals import RunSignals

        begun = False
        with RunSignals(self):
            try:
                with self:
                    begun = True
                    self._run()
            finally:
                # Last of all, so that a callback finds the run recorded and may start
                # it again.
                if self.others.lease is not None:  # where it has not come to that yet
                    self.others.let_go()
                if begun:
                    self._call_back()

    def abandon(self) -> None:
        """Tell that the run is cancelled, and call back; see `RunSession.abandon`."""
        super().abandon()
        self._call_back()

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
            if self.control.reason is None or self.control.interrupted:
                raise
            raise RunCancelled(self.control.reason) from None

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
            self.identity(self._origin.name, self._origin.known_as),
            self._origin.config.previews,
            self.others.look if self.others.looked_for else None,
        )

    def begin(self) -> None:
        """Let go of results that no task needs any more, where none is to be retained."""
        if not self._start["retain_results"]:
            from dotflow.engine.retention import UnneededResults

            UnneededResults(self.graph, self._storage).connect(
                self.bus, "What lets go of results"
            )

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
            finish_callback(callback(tasks=ran))
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            self.bus.report(name, error)
