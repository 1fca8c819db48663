"""One run of a plan: the records around the one loop of `dotflow.engine`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.base.coroutines import finished_value
from dotflow.base.identity import new_ulid
from dotflow.engine.lineage import Lineage
from dotflow.engine.run import RunSession
from dotflow.errors import InvalidTask
from dotflow.pipeline.context import RunContext
from dotflow.pipeline.listeners import RunListeners
from dotflow.pipeline.run_state import ALREADY_RUNNING
from dotflow.pipeline.services import MODE
from dotflow.pipeline.state import InMemoryStateStore
from dotflow.pipeline.stored_results import StoredResults

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from logging import Logger

    from dotflow.abc.executor import AsyncExecutor
    from dotflow.engine.control import CancelRequests
    from dotflow.model.options import RunOptions
    from dotflow.model.run_info import RunInfo
    from dotflow.pipeline.active_runs import ActiveRuns
    from dotflow.pipeline.hooks import HookDispatcher
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.resumption import Resumed
    from dotflow.pipeline.served import ServedRun
    from dotflow.pipeline.services import Services
    from dotflow.pipeline.state import StateStoreProtocol


class PlanRun(RunSession):
    """One run of a plan.

    Args:
        plan: What to run.
        context: What the tasks share.
        options: What else the run was given; checked.
        store: Where the run is recorded.
        services: What else it takes part in.
        mode: The name of the mode that its executor is of.

    Attributes:
        run_id: Its id, a ULID.

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
        mode: str = MODE,
    ) -> None:
        if context is not None:
            if not isinstance(context, RunContext):
                raise InvalidTask(
                    f"context={type(context).__name__}(…): what the tasks share is given"
                    " in a RunContext: context=RunContext(…)."
                )
            context = context.with_deadline_s(options["deadline"])
        self.run_id = new_ulid()
        told = services.told
        if options["progress"] and told is not None:
            from dotflow.display import quietened

            told = quietened(told)
        super().__init__(
            plan.graph(context),
            services.config.storage,
            told,
            options,
            workflow=plan.dag.name,
            mode=mode,
            cancelled_by=self.run_id,
        )
        self._plan = plan
        self._metadata = None if context is None else context.metadata
        self._store = store
        self._services = services
        self._resumed: Resumed | None = None
        self._listeners: RunListeners
        self._watching: AbstractContextManager[None] = nullcontext()
        if options["progress"]:
            from dotflow.display import Watching

            self._watching = watching = Watching(self.graph.tasks, self.report)
            self.display = watching.display

    def create(self, resumed: Resumed | None) -> StoredResults:
        """Record the run, and return what it goes on from.

        Args:
            resumed: The run that this one goes on from; None to start from nothing.

        Raises:
            InputChangedError: As of `Resumed.tasks_to_run`; nothing is recorded then.
        """
        dag, store, run_id = self._plan.dag, self._store, self.run_id
        self._resumed = resumed
        if resumed is None:
            store.create_run(run_id, dag.name, dag.nodes, self._metadata)
            self._note_lineages(None)
            return StoredResults(store, run_id, {})
        lineage = Lineage(self.graph, run_id, numbered=False)
        record = store.create_resumed_run(
            run_id,
            resumed.former.run_id,
            dag.name,
            dag.nodes,
            resumed.tasks_to_run(dag, lineage),
            self._metadata,
        )
        self._note_lineages(lineage)
        self._metadata = record.metadata
        kept = {
            name: task.result
            for name, task in record.tasks.items()
            if task.status == "SUCCESS"
        }
        return StoredResults(store, run_id, kept)

    def _note_lineages(self, lineage: Lineage | None) -> None:
        """Have the store note what the tasks are made from, as it is found now."""
        nodes, store, run_id = self._plan.dag.nodes, self._store, self.run_id
        if (
            lineage is None
            and self._metadata is None  # nor a context, which may be another one then
            and type(store) is InMemoryStateStore
        ):
            # Only a resume asks for it, and one in memory hardly ever comes: it took
            # 15 % of a task.
            store.note_lineages_later(run_id, partial(self._plan.lineages, run_id))
            return
        note = getattr(store, "note_lineages", None)
        if note is not None:  # a store of a user's own keeps none
            lineage = lineage or Lineage(self.graph, run_id, numbered=False)
            note(run_id, dict(zip(nodes, lineage.fresh, strict=True)))

    async def may_begin(self, active: ActiveRuns, former: str | None) -> bool:
        """Wait for other runs of the pipeline, or be refused, if that is asked for.

        Of two that would go on from one run one is refused in any case.

        Args:
            active: The runs that go on.
            former: The id of the run that this one goes on from, if it does.

        Returns:
            Whether this run may begin, and is not to be skipped.

        Raises:
            WorkflowAlreadyRunning: Another one goes on.
        """
        others = self.others
        begun = await _waited(others.hold(self._plan.dag.name, False))
        if begun and former is not None:
            ended = active.until_ended(former, self._options["if_running"])
            begun = await _waited(ended) and await _waited(others.hold(former, True))
        return begun

    def skip(self, resumed: Resumed | None) -> None:
        """Record a run that does not take place.

        Args:
            resumed: The run that it would have gone on from.
        """
        self.create(resumed)
        for name, task in self._store.get_run(self.run_id).tasks.items():
            if task.status == "PENDING":
                self._store.mark_skipped(self.run_id, name, ALREADY_RUNNING)
        self._store.finalize_run_if_done(self.run_id)

    async def execute(
        self,
        results: StoredResults,
        *,
        hooks: HookDispatcher,
        logger: Logger,
        executor: AsyncExecutor,
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
        from dotflow.engine.signals import RunSignals

        with RunSignals(self):
            try:
                with self._watching, self:
                    loop = self.loop(
                        executor,
                        results,
                        self._plan.guarded,
                        keep_going=True,
                        max_parallel=max_parallel,
                    )
                    await loop.run_apart()
            finally:
                if hooks.in_turn is not None:
                    await hooks.in_turn.join()

    def unserved(self) -> ServedRun:
        """Return what registers the run with a server, which knows no pipelines."""
        from dotflow.pipeline.served import ServedRun

        return ServedRun(self.run_id, self._plan.dag.name)

    def begin(self) -> None:
        """Record and tell that the run begins."""
        if self._told is None and self._services.reports:
            server = self._services.config.server
            if server.active:
                from dotflow.engine.listeners import connect_server

                connect_server(server, self.bus, self.unserved(), self.follow)
        self._listeners.connect(self.bus)
        self._listeners.begin()

    def end(self, interrupted: bool) -> None:
        """Record how the run ended, and forget who asked for it."""
        reason = self.control.reason
        try:
            self._listeners.end(interrupted, reason)
        finally:
            if reason is not None and self.others.requests is not None:
                self._forget(self.others.requests)

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
            self._mode,
            self.graph,
            None if self._resumed is None else self._resumed.former.run_id,
            dict(self._metadata or {}),
            self.started,
            self.identity(name, name),
            self._services.config.previews,
        )


async def _waited(steps: Generator[float, None, bool]) -> bool:
    """Wait for as many seconds as each step yields, and return what it comes to."""
    try:
        while True:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(next(steps))
    except StopIteration as end:
        return bool(end.value)


def run_to_end(call: Callable[[], Any], name: str) -> Any:
    """Run a coroutine function to its end from sync code.

    Raises:
        RuntimeError: An event loop runs in this thread already.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        from dotflow.engine.signals import RunSignals

        with RunSignals():  # before the event loop handles Ctrl-C in its own way
            return finished_value(call())
    raise RuntimeError(
        f"{name}() is for scripts, and an event loop runs here already: use `await"
        " pipeline.arun(…)`."
    )
