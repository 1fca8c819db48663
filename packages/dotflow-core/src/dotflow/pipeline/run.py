"""One run of a plan: the records around the one loop of `dotflow.engine`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dotflow.base.identity import new_ulid
from dotflow.engine.run import RunSession
from dotflow.pipeline.listeners import RunListeners
from dotflow.pipeline.services import MODE
from dotflow.pipeline.stored_results import StoredResults

if TYPE_CHECKING:
    from logging import Logger

    from dotflow.engine.control import CancelRequests
    from dotflow.engine.executors.event_loop import EventLoopExecutor
    from dotflow.model.options import RunOptions
    from dotflow.model.run_info import RunInfo
    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.hooks import HookDispatcher
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.services import Services
    from dotflow.pipeline.state import StateStoreProtocol


class Resumed(NamedTuple):
    """The run that a new one goes on from, and the tasks that run again."""

    run_id: str
    reset: set[str]


class PlanRun(RunSession):
    """One run of a plan.

    Args:
        plan: What to run.
        context: What the tasks share.
        options: What else the run was given; checked.
        store: Where the run is recorded.
        services: What else it takes part in.

    Attributes:
        run_id: Its id, a ULID.

    Raises:
        GraphError: A task requires a context, and there is none.
    """

    # A server knows what was registered with it, and no pipeline is.
    tells_server = False

    def __init__(
        self,
        plan: Plan,
        context: RunContext[Any] | None,
        options: RunOptions,
        store: StateStoreProtocol,
        services: Services,
    ) -> None:
        if context is not None:
            context = context.with_deadline_s(options["deadline"])
        self.run_id = new_ulid()
        super().__init__(
            plan.graph(context),
            services.storage,
            services.told,
            options,
            workflow=plan.dag.name,
            mode=MODE,
            cancelled_by=self.run_id,
        )
        self._plan = plan
        self._metadata = None if context is None else context.metadata
        self._store = store
        self._services = services
        self._resumed: Resumed | None = None
        self._listeners: RunListeners

    def create(self, resumed: Resumed | None) -> StoredResults:
        """Record the run, and return what it goes on from.

        Args:
            resumed: The run that this one goes on from; None to start from nothing.
        """
        dag, store, run_id = self._plan.dag, self._store, self.run_id
        self._resumed = resumed
        if resumed is None:
            store.create_run(run_id, dag.name, dag.nodes, self._metadata)
            return StoredResults(store, run_id, {})
        record = store.create_resumed_run(
            run_id,
            resumed.run_id,
            dag.name,
            dag.nodes,
            resumed.reset,
            self._metadata,
        )
        self._metadata = record.metadata
        kept = {
            name: task.result
            for name, task in record.tasks.items()
            if task.status == "SUCCESS"
        }
        return StoredResults(store, run_id, kept)

    async def execute(
        self,
        results: StoredResults,
        *,
        hooks: HookDispatcher,
        logger: Logger,
        executor: EventLoopExecutor,
        max_parallel: int | None,
    ) -> None:
        """Run the tasks.

        Args:
            results: What `create` has returned.
            hooks: Who hears the events.
            logger: Where it logs.
            executor: Where attempts run.
            max_parallel: The most attempts in flight; None for the executor's own bound.
        """
        self._listeners = RunListeners(
            self._plan, self._store, self.run_id, hooks, logger
        )
        try:
            with self:
                loop = self.loop(
                    executor,
                    results,
                    self._plan.guarded,
                    keep_going=True,
                    max_parallel=max_parallel,
                )
                here = asyncio.get_running_loop()
                self.control.wake_by(partial(_wake, here, executor))
                await loop.run_apart()
        finally:
            await self._services.flush(self.bus)

    def begin(self) -> None:
        """Record and tell that the run begins."""
        self._listeners.connect(self.bus)
        self._listeners.begin()

    def end(self, interrupted: bool) -> None:
        """Record how the run ended, and forget who asked for it."""
        reason = self.control.reason
        try:
            self._listeners.end(interrupted, reason)
        finally:
            if reason is not None and self.requests is not None:
                self._forget(self.requests)

    def _forget(self, requests: CancelRequests) -> None:
        try:
            requests.clear()
        except Exception as error:  # noqa: BLE001 - the run itself has ended well
            self.bus.report(type(self._storage).__name__, error)

    def info(self) -> RunInfo:
        """Return what is known of the run when it begins."""
        from dotflow.model.run_info import RunInfo

        name = self._plan.dag.name
        return RunInfo(
            self.run_id,
            name,
            name,
            MODE,
            self.graph,
            None if self._resumed is None else self._resumed.run_id,
            dict(self._metadata or {}),
            self.started,
        )


def _wake(loop: asyncio.AbstractEventLoop, executor: EventLoopExecutor) -> None:
    try:
        loop.call_soon_threadsafe(executor.wake)
    except RuntimeError:
        return  # the loop was closed meanwhile: there is nothing left to wake


def run_to_end(call: Callable[[], Any], name: str) -> Any:
    """Run a coroutine function to its end from sync code.

    Raises:
        RuntimeError: An event loop runs in this thread already.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(call())
    raise RuntimeError(
        f"{name}() is for scripts, and an event loop runs here already: use `await"
        " pipeline.run_once(…)`."
    )
