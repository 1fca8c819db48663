"""One run of a plan: the records around the one loop of `dotflow.engine`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from dotflow.base.arguments import check_sizes
from dotflow.base.identity import new_ulid
from dotflow.engine.control import Control, RunCancelled
from dotflow.engine.extras import make_admission, make_cache
from dotflow.engine.loop import Loop
from dotflow.engine.run_state import RunState
from dotflow.model.events import EventBus, RunFinished
from dotflow.pipeline.listeners import RunListeners
from dotflow.pipeline.services import MODE
from dotflow.pipeline.stored_results import StoredResults
from dotflow.types import TypeStatus, WorkflowStatus

if TYPE_CHECKING:
    from logging import Logger

    from dotflow.engine.executors.event_loop import EventLoopExecutor
    from dotflow.model.graph import Graph
    from dotflow.model.run_info import RunInfo
    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.hooks import HookDispatcher
    from dotflow.pipeline.options import RunOptions
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.services import Services
    from dotflow.pipeline.state import StateStoreProtocol


class Resumed(NamedTuple):
    """The run that a new one goes on from, and the tasks that run again."""

    run_id: str
    reset: set[str]


class PlanRun:
    """One run of a plan.

    Args:
        plan: What to run.
        context: What the tasks share.
        options: What else the run was given.
        store: Where the run is recorded.
        services: What else it takes part in.

    Attributes:
        run_id: Its id, a ULID.
        control: Who may end it early.
        started: When it began, in seconds since the epoch.

    Raises:
        GraphError: A task requires a context, and there is none.
    """

    def __init__(
        self,
        plan: Plan,
        context: RunContext[Any] | None,
        options: RunOptions,
        store: StateStoreProtocol,
        services: Services,
    ) -> None:
        deadline = options.get("deadline")
        if context is not None:
            context = context.with_deadline_s(deadline)
        self.run_id = new_ulid()
        self.started = time.time()
        self._plan = plan
        self._graph: Graph = plan.graph(context)
        self._metadata = None if context is None else context.metadata
        self._options = options
        self._store = store
        self._services = services
        self._resumed: Resumed | None = None
        self._bus = EventBus()
        self.control = Control(deadline, services.requests(self.run_id, self._bus))

    def begin(self, resumed: Resumed | None) -> StoredResults:
        """Record that the run begins, and return what it goes on from.

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
            results: What `begin` has returned.
            hooks: Who hears the events.
            logger: Where it logs.
            executor: Where attempts run.
            max_parallel: The most attempts in flight; None for the executor's own bound.
        """
        plan, bus, services = self._plan, self._bus, self._services
        services.connect(bus, self._info)  # first: ours may let go of results
        listeners = RunListeners(plan, self._store, self.run_id, hooks, logger)
        listeners.connect(bus)
        listeners.begin()
        services.announce(bus, plan.dag.name, self._graph)
        services.trace(executor, bus)
        storage = services.storage
        admission = make_admission(
            plan.guarded, storage, check_sizes(self._options.get("limits"))
        )
        refresh = bool(self._options.get("refresh_cache"))
        state = RunState(
            self._graph,
            executor,
            bus,
            self.control,
            keep_going=True,
            admission=admission,
        )
        cache = make_cache(plan.guarded, storage, refresh)
        loop = Loop(state, results, cache=cache, max_parallel=max_parallel)
        self.control.wake_by(partial(_wake, asyncio.get_running_loop(), executor))
        interrupted = True
        try:
            # In a task of its own: what wakes it does not walk through all of the above.
            await asyncio.create_task(loop.run_async())
            interrupted = False
        except RunCancelled:
            pass  # it is what was asked for: the report tells
        finally:
            self.control.end()
            if admission is not None:
                admission.close()
            try:
                listeners.end(interrupted, self.control.reason)
            finally:
                self._tell_end(interrupted)
                await services.flush(bus)

    def _tell_end(self, interrupted: bool) -> None:
        tasks, reason = self._graph.tasks, self.control.reason
        status = WorkflowStatus.COMPLETED
        if reason is not None:
            status = WorkflowStatus.CANCELLED
            self._services.forget_requests(self.run_id, self._bus)
        elif interrupted or any(task.status == TypeStatus.FAILED for task in tasks):
            status = WorkflowStatus.FAILED
        duration = max(0.0, time.time() - self.started)
        self._bus.emit(RunFinished(self._plan.dag.name, tasks, status, duration))

    def _info(self) -> RunInfo:
        from dotflow.model.run_info import RunInfo

        name = self._plan.dag.name
        return RunInfo(
            self.run_id,
            name,
            name,
            MODE,
            self._graph,
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
