"""`DotFlow`: a workflow as users write it."""

from __future__ import annotations

import os
from copy import copy
from functools import partial
from weakref import ref

from dotflow.base.identity import check_workflow_id
from dotflow.config.config import Config
from dotflow.engine.control import CancelRequests
from dotflow.engine.modes import find_mode
from dotflow.engine.run import Origin
from dotflow.errors import (
    InvalidTask,
    NotCallableObject,
    ResumeNeedsWorkflowId,
    WorkflowAlreadyRunning,
)
from dotflow.model.graph import Graph
from dotflow.types import TypeExecution
from dotflow.workflow.builder import TaskBuilder
from dotflow.workflow.claims import Claims
from dotflow.workflow.manager import Manager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Unpack
    from uuid import UUID

    from dotflow.abc.storage import Storage
    from dotflow.model.context import Context
    from dotflow.model.options import StartOptions
    from dotflow.report.graph import GraphView
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

    Raises:
        InvalidWorkflowId: `workflow_id` is malformed.
        NotCallableObject: `config` is no `Config`.
    """

    def __init__(
        self,
        config: Config | None = None,
        workflow_id: UUID | str | None = None,
        name: str | None = None,
    ) -> None:
        if config is not None and not isinstance(config, Config):
            raise NotCallableObject(
                "config", "a Config, as in DotFlow(config=Config())"
            )
        self.config = config if config is not None else Config()
        given = workflow_id
        if given is None:
            given = os.environ.get("WORKFLOW_ID") or None
        self._has_fixed_id = given is not None
        self.workflow_id: UUID | str = _random_id() if given is None else given
        check_workflow_id(self.workflow_id)
        self.name = name if name is not None else _host()
        self.task = TaskBuilder(
            config=self.config,
            workflow_id=self.workflow_id,
            workflow_name=self.name,
            stable_ids=self._has_fixed_id,
            on_add=self._register_task if self.config.server.active else None,
        )
        self._runs: set[Manager] = set()
        self._latest: Callable[[], Manager | None] = _nobody
        self._server_reported = False
        self._claims = Claims(self.workflow_id)
        if self.config.server.active:
            self._tell_server(partial(self.config.server.create_workflow, self))

    def start(
        self,
        *,
        mode: str = TypeExecution.SEQUENTIAL,
        **options: Unpack[StartOptions],
    ) -> Manager:
        """Run the tasks, every time it is called.

        Args:
            mode: `"sequential"` (default), `"sequential_group"`, `"background"`,
                `"parallel"`, `"threads"`, `"async"`, or the name of an installed
                executor.
            **options: See `StartOptions` and `RunOptions`.

        Returns:
            The run. A failed task does not raise: look at `result_task()`.

        Raises:
            WorkflowAlreadyRunning: The background run of this object goes on.
            ResumeNeedsWorkflowId: `resume=True`, but the workflow id is a random one.
            TypeError: There is no such option.
            DotflowError: An argument is wrong; no task has run then.
        """
        self._check_resume(options)
        claim = self._claims.take(
            self.task.queue, background=mode == TypeExecution.BACKGROUND
        )

        latest = None if claim.copies else self._latest()
        if latest is not None:
            latest.detach()

        def on_begin(run: Manager) -> None:
            self._runs.add(run)
            if not claim.copies:
                self._latest = ref(run)

        def on_end(run: Manager) -> None:
            self._runs.discard(run)
            claim.release()

        try:
            return Manager(
                claim.tasks,
                mode=mode,
                origin=self.origin,
                on_begin=on_begin,
                on_end=on_end,
                **options,
            )
        except BaseException:
            claim.release()
            raise

    @property
    def origin(self) -> Origin:
        """What a run knows of this workflow."""
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
        if self._runs:
            raise WorkflowAlreadyRunning(self.workflow_id)
        if workflow_id is not None:
            workflow_id = check_workflow_id(workflow_id)
        if storage is not None:
            config = copy(self.config)
            config.storage = storage
            self.config = config
            self.task.rebind(config=config)
        if workflow_id is not None and not (
            self._has_fixed_id and workflow_id == self.workflow_id
        ):
            self.workflow_id = workflow_id
            self._has_fixed_id = True
            self._claims = Claims(workflow_id)
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
        return tuple(self._runs)

    @property
    def latest_run(self) -> Manager | None:
        """The run that began last, as long as somebody else holds it, too."""
        return self._latest()

    def cancel(self, reason: str = "it was cancelled") -> None:
        """End the runs of this workflow as soon as possible.

        Those of this object are told at once, from any thread. With a fixed workflow id
        and a storage on disk, so is a run in another process, within a second.

        Args:
            reason: What the tasks' `reason` will say.
        """
        for run in list(self._runs):
            run.cancel(reason)
        if self._has_fixed_id and self.config.storage.shared:
            CancelRequests(self.config.storage, self.workflow_id).post(reason)

    def graph(self, mode: str = TypeExecution.SEQUENTIAL) -> GraphView:
        """Return what would run after what, without running it.

        Args:
            mode: As in `start`.

        Raises:
            DotflowError: The tasks form no graph, or there is no such mode.
        """
        from dotflow.report.graph import GraphView

        found = find_mode(mode, self.task.queue)
        return GraphView(found.compile(self.task.queue), found.name)

    def schedule(self, **kwargs: Any) -> Any:
        """Run the workflow whenever the scheduler of the config says so; blocks.

        Args:
            **kwargs: What each `start` gets. With `resume=True` a tick goes on with a
                run that did not complete, and starts over after one that did.

        Raises:
            ResumeNeedsWorkflowId: `resume=True`, but the workflow id is a random one.
        """
        self._check_resume(kwargs)  # at once, rather than on every tick
        return self.config.scheduler.start(workflow=self._tick, **kwargs)

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
            kwargs["resume"] = not self.origin.checkpoints().finished()
        manager = self.start(**kwargs)
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
                from dotflow.logging import logger

                logger.warning(
                    "%s failed and was ignored: %s: %s",
                    type(self.config.server).__name__,
                    type(error).__name__,
                    error,
                )

    def __repr__(self) -> str:
        return f"<DotFlow {str(self.workflow_id)!r}: {self.task.count()} tasks>"


def _nobody() -> None:
    """Stand for a reference to a run when there was none."""


def _random_id() -> UUID:
    from uuid import uuid4

    return uuid4()


def _host() -> str:
    from dotflow.base.liveness import hostname

    return hostname()
