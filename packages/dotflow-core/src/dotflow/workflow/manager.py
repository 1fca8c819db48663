"""`Manager`: a run of a workflow, as `start()` returns it; `Claims`: what tasks it has."""

from __future__ import annotations

import sys
from datetime import datetime
from functools import partial
from threading import Lock
from weakref import ref

from dotflow.base.identity import check_workflow_id, random_id
from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.engine.executors.isolated import check_isolated
from dotflow.engine.modes import plan
from dotflow.engine.origin import Origin
from dotflow.engine.run import Run
from dotflow.errors import WorkflowAlreadyRunning
from dotflow.model.options import check_start, placed
from dotflow.types import TypeExecution, TypeIfRunning, TypeStatus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Unpack
    from uuid import UUID

    from dotflow.abc.executor import ModeChoice
    from dotflow.config.config import Config
    from dotflow.display import Watching
    from dotflow.engine.background import BackgroundThread
    from dotflow.model.options import StartOptions
    from dotflow.report.model import RunReport
    from dotflow.workflow.task import Task

# What 1.x took by place, after the tasks.
_PLACES = (
    "on_success",
    "on_failure",
    "mode",
    "keep_going",
    "workflow_id",
    "resume",
    "on_input_change",
    "fingerprint",
    "config",
)


class Manager:
    """Runs tasks as soon as it is made.

    Args:
        tasks: The tasks, in the order they were added.
        *by_place: Kept from dotflow 1.x: what it took by place, in that order.
        mode: How they run; see `DotFlow.start`.
        workflow_id: The workflow that the tasks belong to; default: a random UUID.
        config: The providers; default: those of the first task.
        origin: The workflow itself, instead of both; default: one of that id.
        claim: What the tasks are given back to when the run is over.
        in_thread: Whether the run goes on in a thread in any mode, as in `background`.
        **options: See `StartOptions` and `RunOptions`.

    Attributes:
        tasks: The tasks, with their state.
        options: What the run was given, complete.
        thread: The thread of a background run, else None.
        started: When the run began, in local time.

    Raises:
        DotflowError: An argument is wrong, or the tasks cannot run in this mode. No
            task has run then.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        *by_place: Any,
        mode: ModeChoice = TypeExecution.SEQUENTIAL,
        workflow_id: UUID | str | None = None,
        config: Config | None = None,
        origin: Origin | None = None,
        claim: Claim | None = None,
        in_thread: bool = False,
        **options: Unpack[StartOptions],
    ) -> None:
        if by_place:
            given: Any = placed("Manager", _PLACES, by_place, options)
            mode = given.pop("mode", mode)
            workflow_id = given.pop("workflow_id", workflow_id)
            config = given.pop("config", config)
            options = given
        self.options = checked = check_start(options)
        # dotflow 1.x: attributes of their own.
        self.on_success, self.on_failure = checked["on_success"], checked["on_failure"]
        self.keep_going = checked["keep_going"]
        self.on_input_change = checked["on_input_change"]
        self.fingerprint = checked["fingerprint"]
        self.tasks = list(tasks)
        if origin is None:
            origin = _origin_of(self.tasks, workflow_id, config)
        self.workflow_id = origin.workflow_id
        self.config = origin.config
        self.thread: BackgroundThread | None = None
        self.started = datetime.now()
        self._claim = claim
        found, graph = plan(mode, self.tasks, checked)
        self.mode = mode if isinstance(mode, str) else found.name
        if found.background:  # here, since nobody hears what its thread raises
            check_isolated(graph.tasks, can_interrupt=False)
        self._in_thread = in_thread or found.background
        self._watching: Watching | None = None
        if checked["progress"]:
            from dotflow.display import Watching, quietened

            self._watching = Watching(self.tasks, self.report)
            origin.config = quietened(origin.config)
        checkpoints = RunCheckpoints(
            self.config.storage, origin.workflow_id, origin.resumable
        )
        self._run = Run(graph, found, origin, checked, checkpoints)
        if self._watching is not None:
            self._run.display = self._watching.display
        if self._run.prepare():
            self._begin()
        elif claim is not None:  # another run goes on, and this one is skipped
            claim.release()

    def _begin(self) -> None:
        try:
            if self._claim is not None:
                self._claim.begin(self)
            self._start()
        except BaseException:
            self._run.others.let_go()
            raise

    @property
    def status(self) -> str:
        """The state of the run, a `WorkflowStatus`."""
        return self._run.status

    @property
    def duration(self) -> float | None:
        """How long the run took, in seconds; None while it goes on."""
        return self._run.duration

    @property
    def run_id(self) -> str:
        """The id of this start, a ULID."""
        return self._run.run_id

    def report(self, include_results: bool = False) -> RunReport:
        """Return what is known of the run now, as one value to keep, send or draw.

        Args:
            include_results: Whether results are told too, as texts of the JSON codec;
                by default only their type and size, since they may be secret.
        """
        return self._run.report(include_results)

    def __repr__(self) -> str:
        if "_run" not in vars(self):  # a mode of the user's has none
            return object.__repr__(self)
        done = sum(task.status == TypeStatus.COMPLETED for task in self.tasks)
        return (
            f"<{type(self).__name__} {str(self.workflow_id)!r}: {self.status},"
            f" {done} of {len(self.tasks)} tasks completed>"
        )

    def _repr_html_(self) -> str | None:
        if "_run" not in vars(self):
            return None
        from dotflow.report.html import report_page

        return report_page(self.report())

    def detach(self) -> None:
        """Keep the state of the tasks, which are about to start again."""
        self._run.detach()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a background run.

        Args:
            timeout: The longest wait in seconds; None for no bound.

        Returns:
            Whether the run has ended.
        """
        if self.thread is None:
            return True
        try:
            self.thread.join(timeout)
        except (KeyboardInterrupt, SystemExit):
            from dotflow.engine.signals import quiet_exit, undisturbed

            undisturbed(partial(self.abandon, "it was interrupted"))
            quiet_exit()
            raise
        return not self.thread.is_alive()

    def cancel(self, reason: str = "it was cancelled") -> bool:
        """End the run as soon as possible; from any thread.

        What runs is stopped where its mode can stop it and marked Cancelled, and a
        resume goes on from there.

        Args:
            reason: What the tasks' `reason` will say.

        Returns:
            Whether a background run has ended; True for any other, which ends while its
            `start` returns. A blocking call, as `time.sleep`, of a background step
            without a timeout cannot be stopped: the run ends after it.
        """
        if self.thread is None:
            self._run.control.cancel(reason)
            return True
        self._run.control.cancel(reason, interrupt=False)
        return self.thread.interrupt()

    def wind_down(self, reason: str = "it was cancelled") -> None:
        """Begin nothing more, and let the steps end that run; `cancel` may follow.

        It never waits, so a signal handler may call it.
        """
        self._run.control.wind_down(reason)

    def abandon(self, reason: str = "it was cancelled") -> None:
        """End the run as `cancel` does, and tell its end where a step holds it up.

        For a program that is about to end: a thread in a blocking call ends with it.
        """
        self._run.control.cancel(reason, interrupt=self.thread is None)
        if self.thread is None:
            self._run.abandon()
        else:
            self.thread.end()

    def _start(self) -> None:
        if not self._in_thread:
            self._execute()
            return
        from dotflow.engine.background import BackgroundThread

        self.thread = BackgroundThread(
            self._execute,
            self.options["wait_at_exit"],
            keep_error=not self._run.mode.background,
        )
        self.thread.start()

    def _execute(self) -> None:
        try:
            if self._watching is None:
                self._run.execute()
            else:
                with self._watching:
                    self._run.execute()
        finally:
            if self._claim is not None:
                self._claim.release()


class Claims:
    """Hands out the tasks of a workflow to its runs, and knows which of them go on.

    A run gets the tasks themselves, so that the workflow's results are its own. One that
    starts while another has them gets copies.

    Attributes:
        runs: The runs that go on.
        latest: Returns the run that began last with the tasks themselves, as long as
            somebody else holds it.
    """

    def __init__(self) -> None:
        self.runs: set[Manager] = set()
        self.latest: Callable[[], Manager | None] = _nobody
        self._lock = Lock()
        self._taken = False
        self._in_background = False

    def start(
        self,
        workflow: object,
        tasks: Sequence[Task],
        mode: ModeChoice,
        origin: Origin,
        options: StartOptions,
        in_thread: bool,
    ) -> Manager:
        """Run the tasks, or copies of them.

        Args:
            workflow: Whose they are, for whoever watches what begins.
            tasks: The tasks.
            mode: As of `Manager`.
            origin: The same.
            options: The same.
            in_thread: The same.

        Raises:
            WorkflowAlreadyRunning: A run in the background goes on.
            DotflowError: As of `Manager`.
        """
        claim = self._take(workflow, tasks, mode == TypeExecution.BACKGROUND)
        if claim is None:
            if options.get("if_running") != TypeIfRunning.SKIP:
                raise WorkflowAlreadyRunning(origin.workflow_id)
            origin.busy = True
            copies = [task.copy() for task in tasks]
            return Manager(copies, mode=mode, origin=origin, **options)
        try:
            return Manager(
                claim.tasks,
                mode=mode,
                origin=origin,
                claim=claim,
                in_thread=in_thread,
                **options,
            )
        except BaseException:
            claim.release()
            raise

    def _take(
        self, workflow: object, tasks: Sequence[Task], background: bool
    ) -> Claim | None:
        """Claim the tasks for a run; None where one in the background goes on."""
        with self._lock:
            if self._in_background:
                return None
            copies = self._taken
            self._taken = True
            self._in_background = background
        if copies:
            tasks = [task.copy() for task in tasks]
        else:
            latest = self.latest()
            if latest is not None:
                latest.detach()
        return Claim(self, workflow, tasks, copies, background)

    def note(self, run: Manager, copies: bool) -> None:
        """Note that a run begins."""
        self.runs.add(run)
        if not copies:
            self.latest = ref(run)

    def give_back(self, run: Manager | None, copies: bool, background: bool) -> None:
        """Note that a run has ended, or will never begin."""
        if run is not None:
            self.runs.discard(run)
        with self._lock:
            if not copies:
                self._taken = False
            if background:
                self._in_background = False


class Claim:
    """The tasks that one run may change until it releases them.

    Attributes:
        tasks: The tasks: those of the workflow, or copies.
    """

    __slots__ = ("_background", "_claims", "_copies", "_run", "_workflow", "tasks")

    def __init__(
        self,
        claims: Claims,
        workflow: object,
        tasks: Sequence[Task],
        copies: bool,
        background: bool,
    ) -> None:
        self.tasks = tasks
        self._claims: Claims | None = claims
        self._workflow = workflow
        self._copies = copies
        self._background = background
        self._run: Manager | None = None

    def begin(self, run: Manager) -> None:
        """Note that a run begins with them.

        Raises:
            Exception: Whoever watches has refused it.
        """
        # Whoever calls a user's function and watches has imported it.
        if watched := sys.modules.get("dotflow.base.starts"):
            watched.note(self._workflow, run)
        if self._claims is not None:
            self._run = run
            self._claims.note(run, self._copies)

    def release(self) -> None:
        """Give the tasks back; a second call does nothing."""
        claims, self._claims = self._claims, None
        if claims is not None:
            run, self._run = self._run, None
            claims.give_back(run, self._copies, self._background)


def _nobody() -> None:
    """Stand for a reference to a run when there was none."""


def _origin_of(
    tasks: Sequence[Task], workflow_id: UUID | str | None, config: Config | None
) -> Origin:
    """Return what stands for the workflow of tasks that no `DotFlow` has."""
    known = None if workflow_id is None else check_workflow_id(workflow_id)
    config = config or _config_of(tasks)
    return Origin(config, random_id() if known is None else known, known is not None)


def _config_of(tasks: Sequence[Task]) -> Config:
    if tasks:
        return tasks[0].config
    from dotflow.config.config import Config

    return Config()
