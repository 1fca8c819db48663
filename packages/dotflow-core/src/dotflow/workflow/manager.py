"""`Manager`: a run of a workflow, as `start()` returns it; and its modes by class."""

from __future__ import annotations

from dotflow.base.arguments import (
    Module,
    basic_callback,
    check_count,
    check_seconds,
    check_sizes,
)
from dotflow.engine.modes import find_mode
from dotflow.engine.run import Run
from dotflow.errors import InvalidOnInputChange, NotCallableObject
from dotflow.types import VALID_POLICIES, TypeExecution, TypeInputChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any
    from uuid import UUID

    from dotflow.config.config import Config
    from dotflow.engine.background import BackgroundThread
    from dotflow.model.task import Task
    from dotflow.report.model import RunReport


class Manager:
    """Runs tasks as soon as it is made.

    Args:
        tasks: The tasks, in the order they were added.
        on_success: Called as `on_success(tasks=[…])` when no task has failed.
        on_failure: Called as `on_failure(tasks=[…])` otherwise.
        mode: `"sequential"`, `"sequential_group"`, `"background"`, `"parallel"`, or the
            name of an installed executor.
        keep_going: Whether a task runs although the one before it has failed.
        workflow_id: The workflow that the tasks belong to.
        resume: Restore the tasks that an earlier run of this workflow id completed.
        on_input_change: What a resume does when the initial contexts differ:
            `"reuse"` the results, `"reset"` and start over, or `"raise"`.
        fingerprint: What stands for the inputs; default: a hash of them.
        config: The providers; default: those of the first task.
        max_parallel: The bound on attempts at once; default: the number of cores, or
            of groups.
        deadline: Seconds until the run is cancelled; None for no bound.
        limits: How many attempts may hold a named limit at once, by its name; 1 for a
            name that is missing.
        refresh_cache: Compute the results of steps with `cache=True` again.
        wait_at_exit: Whether the end of the script waits for a background run.
        resumable: Whether another process can know the workflow id; default: one was
            given.
        name: The workflow's name, for reports.

    Attributes:
        tasks: The tasks, with their state.
        thread: The thread of a background run, else None.
        started: Whether the run has begun.

    Raises:
        DotflowError: An argument is wrong, or the tasks cannot run in this mode. No
            task has run then.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        on_success: Callable[..., Any] | str = basic_callback,
        on_failure: Callable[..., Any] | str = basic_callback,
        mode: str = TypeExecution.SEQUENTIAL,
        keep_going: bool = False,
        workflow_id: UUID | str | None = None,
        resume: bool = False,
        on_input_change: str = TypeInputChange.REUSE,
        fingerprint: str | None = None,
        config: Config | None = None,
        *,
        max_parallel: int | None = None,
        deadline: float | None = None,
        limits: dict[str, int] | None = None,
        refresh_cache: bool = False,
        wait_at_exit: bool = True,
        resumable: bool | None = None,
        name: str | None = None,
        on_begin: Callable[[Manager], None] | None = None,
        on_end: Callable[[Manager], None] | None = None,
    ) -> None:
        if on_input_change not in VALID_POLICIES:
            raise InvalidOnInputChange(on_input_change)
        self.tasks = list(tasks)
        self.on_success = _callback("on_success", on_success)
        self.on_failure = _callback("on_failure", on_failure)
        self.mode = mode
        self.keep_going = keep_going
        self.workflow_id = workflow_id
        self.on_input_change = on_input_change
        self.fingerprint = fingerprint
        self.config = config or _config_of(self.tasks)
        self.thread: BackgroundThread | None = None
        self.started = False
        self._on_end = on_end
        self._run = Run(
            self.tasks,
            find_mode(mode, self.tasks),
            self.config,
            workflow_id,
            resumable=workflow_id is not None if resumable is None else resumable,
            on_success=self.on_success,
            on_failure=self.on_failure,
            keep_going=keep_going,
            max_parallel=check_count("max_parallel", max_parallel),
            deadline=check_seconds("deadline", deadline),
            limits=check_sizes(limits),
            refresh_cache=refresh_cache,
            name=name,
        )
        self._run.prepare(resume, on_input_change, fingerprint)
        if on_begin is not None:
            on_begin(self)
        self._start(wait_at_exit)

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
        except KeyboardInterrupt:
            self.cancel()
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
            self._run.cancel(reason)
            return True
        self._run.cancel(reason, interrupt=False)
        return self.thread.interrupt()

    def wind_down(self, reason: str = "it was cancelled") -> None:
        """Begin nothing more, and let a step end that runs in the run's own thread.

        It never waits, so a signal handler may call it. Steps in other threads,
        processes or an event loop are stopped, as `cancel` does.

        Args:
            reason: What the tasks' `reason` will say.
        """
        self._run.cancel(reason, interrupt=False)

    def _start(self, wait_at_exit: bool) -> None:
        self.started = True
        if not self._run.mode.background:
            self._execute()
            return
        from dotflow.engine.background import BackgroundThread

        self.thread = BackgroundThread(self._execute, wait_at_exit)
        self.thread.start()

    def _execute(self) -> None:
        try:
            self._run.execute()
        finally:
            if self._on_end is not None:
                self._on_end(self)


class Flow(Manager):
    """The base of the modes by class: `Sequential(tasks, …)` runs at once.

    Args:
        tasks: The tasks to run.
        workflow_id: The workflow that they belong to.
        ignore: Whether a task runs although the one before it has failed.
        groups: Kept from dotflow 1.x; each task knows its group.
        resume: Restore the tasks that an earlier run of this workflow id completed.
    """

    mode_name = TypeExecution.SEQUENTIAL

    def __init__(
        self,
        tasks: Sequence[Task],
        workflow_id: UUID | str | None = None,
        ignore: bool = False,
        groups: Any = None,
        resume: bool = False,
    ) -> None:
        super().__init__(
            tasks,
            mode=self.mode_name,
            keep_going=ignore,
            workflow_id=workflow_id,
            resume=resume,
        )

    def get_tasks(self) -> list[Task]:
        """Return the tasks, with their state."""
        return self.tasks


class Sequential(Flow):
    """One task after the other."""


class SequentialGroup(Flow):
    """Groups at the same time, the tasks of a group one after the other."""

    mode_name = TypeExecution.SEQUENTIAL_GROUP


class Background(Flow):
    """One task after the other, in a thread."""

    mode_name = TypeExecution.BACKGROUND


class Parallel(Flow):
    """All tasks at the same time, each in a process."""

    mode_name = TypeExecution.PARALLEL


def grouper(tasks: Sequence[Task]) -> dict[str, list[Task]]:
    """Return the tasks by the name of their group, in the order they were added."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.group_name, []).append(task)
    return groups


def _callback(name: str, value: Callable[..., Any] | str) -> Callable[..., Any]:
    callback = Module(value)
    if not callable(callback):
        raise NotCallableObject(
            f"{name}={value!r}", "a callable that accepts tasks=, or its dotted path"
        )
    return callback  # type: ignore[no-any-return]


def _config_of(tasks: Sequence[Task]) -> Config:
    if tasks:
        return tasks[0].config
    from dotflow.config.config import Config

    return Config()
