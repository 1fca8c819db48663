"""`DotFlow`: a workflow as users write it."""

from __future__ import annotations

import os
from functools import cached_property, partial

from dotflow.base.identity import check_workflow_id, random_id
from dotflow.config.config import Config
from dotflow.errors import (
    InvalidTask,
    NotCallableObject,
    NothingToResume,
    ResumeNeedsWorkflowId,
    SchedulerMissing,
    WorkflowAlreadyRunning,
)
from dotflow.types import TypeExecution, TypeIfRunning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Never, Unpack
    from uuid import UUID

    from dotflow.abc.executor import ModeChoice
    from dotflow.abc.storage import Storage
    from dotflow.engine.origin import Origin
    from dotflow.model.context import Context
    from dotflow.model.graph import Graph
    from dotflow.model.options import StartOptions
    from dotflow.report.graph import GraphView
    from dotflow.workflow.builder import TaskBuilder
    from dotflow.workflow.manager import Claims, Manager
    from dotflow.workflow.task import Task


class DotFlow:
    """A workflow: add tasks to `workflow.task`, then `start()` it.

    Args:
        config: The providers; default: memory, console log, nothing else.
        workflow_id: What names the workflow in storages and on servers, and what a
            resume goes by: a UUID or a string. Default: the environment variable
            `WORKFLOW_ID`, else a random UUID.
        name: A name for people; default: the name of this host.

    Attributes:
        task: The `TaskBuilder`.
        config: The providers.
        workflow_id: The id.
        factory_run: The run with which the function that made this workflow has started
            it already, where a command or a handler has called that function.
        made_by: The name of that function.

    Raises:
        InvalidWorkflowId: `workflow_id` is malformed.
        NotCallableObject: `config` is no `Config`.
        UnknownOption: There is no such argument.
    """

    factory_run: Manager | None = None
    made_by: str = ""

    def __init__(
        self,
        config: Config | None = None,
        workflow_id: UUID | str | None = None,
        name: str | None = None,
        **misspelt: Never,
    ) -> None:
        if misspelt:
            from dotflow.model.options import unknown_option

            raise unknown_option(
                "DotFlow()", misspelt, ("config", "workflow_id", "name")
            )
        if config is not None and not isinstance(config, Config):
            raise NotCallableObject(
                "config", "a Config, as in DotFlow(config=Config())"
            )
        self.config = config if config is not None else Config()
        given = workflow_id
        if given is None:
            given = os.environ.get("WORKFLOW_ID") or None
        self._has_fixed_id = given is not None
        if given is not None:
            check_workflow_id(given)
            self.workflow_id = given
        self.name = name if name is not None else _host()
        self._server_reported = False
        if self.config.server.active:
            self._tell_server(partial(self.config.server.create_workflow, self))

    # What follows is made when it is asked for: its modules take three times as long to
    # load as all that the constructor needs. `setdefault`, since two threads may ask.

    @cached_property
    def workflow_id(self) -> UUID | str:
        """The id."""
        return self.__dict__.setdefault("workflow_id", random_id())  # type: ignore[no-any-return]

    @cached_property
    def task(self) -> TaskBuilder:
        """Where tasks are added."""
        from dotflow.workflow.builder import TaskBuilder

        builder = TaskBuilder(
            config=self.config,
            workflow_id=self.workflow_id,
            workflow_name=self.name,
            stable_ids=self._has_fixed_id,
            on_add=self._register_task if self.config.server.active else None,
        )
        return self.__dict__.setdefault("task", builder)  # type: ignore[no-any-return]

    @cached_property
    def _claims(self) -> Claims:
        from dotflow.workflow.manager import Claims

        return self.__dict__.setdefault("_claims", Claims())  # type: ignore[no-any-return]

    def start(
        self,
        *,
        mode: ModeChoice = TypeExecution.SEQUENTIAL,
        **options: Unpack[StartOptions],
    ) -> Manager:
        """Run the tasks, every time it is called.

        Args:
            mode: `"sequential"` (default), `"sequential_group"`, `"background"`,
                `"parallel"`, `"threads"`, `"async"`, `"futures"`, or the name of an
                installed executor; or an executor itself, or what makes one.
            **options: See `StartOptions`, `RunOptions` and `ExecutorOptions`.

        Returns:
            The run. A failed task does not raise: look at `result_task()`.

        Raises:
            WorkflowAlreadyRunning: The background run of this object goes on, or another
                run of its id does, in whatever process; see `if_running`.
            ResumeNeedsWorkflowId: `resume=True`, but the workflow id is a random one.
            NothingToResume: `resume=True`, but there is no storage to resume from.
            TypeError: There is no such option.
            DotflowError: An argument is wrong; no task has run then.
        """
        return self._start(mode, options)

    async def astart(
        self,
        *,
        mode: ModeChoice = TypeExecution.SEQUENTIAL,
        **options: Unpack[StartOptions],
    ) -> Manager:
        """Run the tasks in a thread of their own, and await their end.

        The event loop goes on meanwhile, that of a notebook or of a server. Cancelling
        what awaits it cancels the run, as `Manager.cancel` does for one in the
        background; several runs may go on at once.

        Args:
            mode: As in `start`; every mode can be awaited.
            **options: As in `start`.

        Returns:
            The run, which is over.

        Raises:
            DotflowError: As in `start`.
        """
        from dotflow.workflow.awaiting import run_beside

        return await run_beside(partial(self._start, mode, options, in_thread=True))

    def _start(
        self,
        mode: ModeChoice,
        options: StartOptions,
        origin: Origin | None = None,
        in_thread: bool = False,
    ) -> Manager:
        self._check_resume(options)
        if options.get("resume") and not self.config.holds("storage"):
            raise NothingToResume(self.workflow_id)
        self._end_own(options.get("if_running"))
        origin, tasks = origin or self.origin, self.task.queue
        return self._claims.start(self, tasks, mode, origin, options, in_thread)

    def _end_own(self, if_running: str | None) -> None:
        """Wait for a background run of this object, which a start would be refused for."""
        if if_running not in (TypeIfRunning.WAIT, TypeIfRunning.CANCEL):
            return
        for run in self.runs:
            if run.thread is not None:
                if if_running == TypeIfRunning.CANCEL:
                    run.cancel("another run was started with if_running='cancel'")
                run.wait()

    @property
    def origin(self) -> Origin:
        """What a run knows of this workflow."""
        from dotflow.engine.origin import Origin

        return Origin(self.config, self.workflow_id, self._has_fixed_id, self.name)

    def configure(
        self, *, storage: Storage | None = None, workflow_id: UUID | str | None = None
    ) -> DotFlow:
        """Replace what was given to the constructor, before the next start.

        It is how the command line wins over what a workflow says of itself. Another
        workflow that shares the config is not touched.

        Args:
            storage: Where results are kept from now on; None leaves it as it is.
            workflow_id: The id from now on, fixed as one given to the constructor; None
                leaves it as it is.

        Returns:
            The workflow, so that calls can be chained.

        Raises:
            WorkflowAlreadyRunning: A run of this object goes on.
            InvalidWorkflowId: `workflow_id` is malformed.
            NotCallableObject: `storage` is no `Storage`.
        """
        if self._claims.runs:
            raise WorkflowAlreadyRunning(self.workflow_id)
        if workflow_id is not None:
            workflow_id = check_workflow_id(workflow_id)
        if storage is not None:
            from copy import copy

            config = copy(self.config)
            config.storage = storage
            self.config = config
            self.task.rebind(config=config)
        if workflow_id is not None and not (
            self._has_fixed_id and workflow_id == self.workflow_id
        ):
            self.workflow_id = workflow_id
            self._has_fixed_id = True
            self.task.rebind(workflow_id=workflow_id)
            if self.config.server.active:
                # What was registered under the former id never ran.
                server = self.config.server
                self._tell_server(partial(server.create_workflow, self))
                for task in self.task.queue:
                    self._register_task(task)
        return self

    @property
    def has_fixed_id(self) -> bool:
        """Whether the id was given, so that another process can know it and resume."""
        return self._has_fixed_id

    @property
    def runs(self) -> tuple[Manager, ...]:
        """The runs of this object that go on, in no order."""
        return tuple(self._claims.runs)

    @property
    def latest_run(self) -> Manager | None:
        """The run that began last, as long as somebody else holds it, too."""
        return self._claims.latest()

    def cancel(self, reason: str = "it was cancelled") -> None:
        """End the runs of this workflow as soon as possible.

        Those of this object are told at once, from any thread. With a fixed workflow id
        and a storage on disk, so is a run in another process, within a second; in a
        bucket, within ten.

        Args:
            reason: What the tasks' `reason` will say.
        """
        for run in self.runs:
            run.cancel(reason)
        if self._has_fixed_id:
            from dotflow.engine.control import CancelRequests

            requests = CancelRequests.of(self.config.storage, self.workflow_id)
            if requests is not None:
                requests.post(reason)

    def graph(self, mode: ModeChoice = TypeExecution.SEQUENTIAL) -> GraphView:
        """Return what would run after what, without running it.

        Args:
            mode: As in `start`.

        Raises:
            DotflowError: The tasks form no graph, or there is no such mode.
        """
        from dotflow.engine.modes import find_mode
        from dotflow.report.graph import GraphView

        found = find_mode(mode, self.task.queue)
        return GraphView(found.compile(self.task.queue), found.name)

    def schedule(self, *, name: str | None = None, **kwargs: Any) -> Any:
        """Run the workflow whenever the scheduler of the config says so; blocks.

        Where other processes see the storage, the schedule registers itself there:
        `dotflow schedules` lists it, and can pause, resume and trigger it.

        Args:
            name: What it is known by there, and shares with each process that runs it.
                Default: the workflow's name, its fixed id, or the script's name.
            **kwargs: What each `start` gets. With `resume=True` a tick goes on with a
                run that did not complete, and starts over after one that did.

        Raises:
            SchedulerMissing: The config has no scheduler.
            ResumeNeedsWorkflowId: `resume=True`, but the workflow id is a random one.
            GraphError: The tasks form no graph, or a step requires what nothing provides.
        """
        from dotflow.engine.binding import check_parameters
        from dotflow.engine.modes import find_mode

        if not self.config.scheduler.active:
            raise SchedulerMissing
        self._check_resume(kwargs)  # at once, rather than on every tick
        mode = find_mode(kwargs.get("mode", TypeExecution.SEQUENTIAL), self.task.queue)
        for task in self.task.queue:
            task.check()
        check_parameters(mode.compile(self.task.queue))
        from dotflow.base.starting import current_starter
        from dotflow.engine.identity import identify
        from dotflow.engine.scheduled import keep_schedule

        known_as, starter = self.origin.known_as, current_starter.get()
        what = identify(starter, None, self.name, known_as, ()).workflow or "python"
        return keep_schedule(self.config, name or what, what, self._tick)(**kwargs)

    def result_task(self) -> list[Task]:
        """Return the tasks, with their state."""
        return self.task.queue

    def result_context(self) -> list[Context]:
        """Return what each task left, as contexts."""
        return [task.current_context for task in self.task.queue]

    def result_storage(self) -> list[Any]:
        """Return what each task returned."""
        return [task.current_context.storage for task in self.task.queue]

    def result(self) -> dict[str, Any]:
        """Return the workflow and its tasks as a dictionary that JSON can hold."""
        return self.task.result()

    def inner_graph(self, _initial_context: Any = None) -> Graph:
        """Return the graph of the tasks as a part of another workflow.

        Raises:
            GraphError: They form none.
        """
        from dotflow.model.graph import Graph

        return Graph(self.task.queue, chained=True)

    def name_as_step(self) -> str:
        """Refuse: the name of a workflow is for people, and need not be unique.

        Raises:
            InvalidTask: Always.
        """
        raise InvalidTask(
            "A workflow as a step needs a name: task.add(step=workflow, name=…)."
        )

    def _check_resume(self, options: Mapping[str, Any]) -> None:
        if options.get("resume") and not self._has_fixed_id:
            raise ResumeNeedsWorkflowId

    def _tick(self, **kwargs: Any) -> Manager:
        if kwargs.get("resume"):
            from dotflow.engine.checkpoint import RunCheckpoints

            storage, name = self.config.storage, self.workflow_id
            kwargs["resume"] = RunCheckpoints(storage, name, True).unfinished()
        # A scheduler that lets ticks overlap means it: they share what keeps others out.
        mode = kwargs.pop("mode", TypeExecution.SEQUENTIAL)
        origin = self.origin
        origin.shared_by = self._claims
        manager = self._start(mode, kwargs, origin)  # type: ignore[arg-type]
        # In the background too, a tick is over when its run is: a scheduler that began
        # the next one before that would be refused.
        manager.wait()
        return manager

    def _register_task(self, task: Task) -> None:
        self._tell_server(partial(self.config.server.create_task, task))

    def _tell_server(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - telling never breaks running
            if not self._server_reported:
                self._server_reported = True
                from dotflow.logging import warn

                server = type(self.config.server).__name__
                warn("%s failed and was ignored", server, error=error)

    def __repr__(self) -> str:
        return f"<DotFlow {str(self.workflow_id)!r}: {self.task.count()} tasks>"

    def _repr_html_(self) -> str:
        from dotflow.report.graph import workflow_page

        return workflow_page(repr(self), self.graph)


def _host() -> str:
    from dotflow.base.liveness import hostname

    return hostname()
