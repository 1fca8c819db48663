"""`Dags`: runs the DAGs of a registry, each by the one loop; `DagScope`: one of them."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from concurrent.futures import Executor as Pool
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypedDict

from dotflow.base.arguments import check_count
from dotflow.base.daemon_threads import DaemonThreads
from dotflow.engine.binding import refuse_limits
from dotflow.engine.executors.event_loop import EventLoopExecutor
from dotflow.errors import InvalidOnInputChange
from dotflow.model.options import check_run
from dotflow.model.task_values import checked_name
from dotflow.pipeline.active_runs import ActiveRuns
from dotflow.pipeline.catalog import Catalog, Target
from dotflow.pipeline.hooks import HookDispatcher
from dotflow.pipeline.registry import Deps, F, task
from dotflow.pipeline.resumption import Resumed
from dotflow.pipeline.run import PlanRun
from dotflow.pipeline.scheduler_config import SchedulerConfig
from dotflow.pipeline.services import MODE, Services, default_state_store
from dotflow.pipeline.state import InMemoryStateStore
from dotflow.types import VALID_POLICIES, TypeInputChange

if TYPE_CHECKING:
    from typing import Unpack

    from dotflow.abc.executor import AsyncExecutor, ModeChoice
    from dotflow.abc.storage import Storage
    from dotflow.config.config import Config
    from dotflow.model.options import NodeOptions, RunOptions
    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.hooks import RunHook
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.registry import TaskRegistry
    from dotflow.pipeline.state import StateStoreProtocol

Contexts = AsyncIterable["RunContext[Any] | None"] | Iterable["RunContext[Any] | None"]


class Dags(Catalog):
    """Runs the DAGs of a registry.

    `async with engine:` keeps one pool of threads for all runs inside; without it each
    run has its own.

    Args:
        registry: The tasks; default: an empty one.
        state_store: Where runs are recorded; default: in memory.
        scheduler: How much runs at once.
        executor: A `concurrent.futures` pool for sync tasks, which stays open, where in
            a `ProcessPoolExecutor` tasks must be importable; or where all tasks run, as
            `start(mode=…)` takes it: the name of a mode, an executor, what makes one.
        max_workers: The threads of its own pool.
        hooks: Who hears the events.
        logger: Where it logs; default: the logger `dotflow.pipeline`.
        storage: Keeps what is more than results; see `Pipeline`.
        config: All providers; see `Pipeline`.
        keep_runs: How many runs in memory keep their results; see `Pipeline`.
    """

    def __init__(
        self,
        registry: TaskRegistry | None = None,
        state_store: StateStoreProtocol | None = None,
        scheduler: SchedulerConfig | None = None,
        *,
        executor: Pool | ModeChoice | None = None,
        max_workers: int | None = 8,
        hooks: Iterable[RunHook] | None = None,
        logger: logging.Logger | None = None,
        storage: Storage | None = None,
        config: Config | None = None,
        keep_runs: int | None = 1,
    ) -> None:
        self._mode, self._elsewhere = MODE, None
        if not (executor is None or isinstance(executor, Pool)):
            from dotflow.engine.modes import executor_in_loop

            self._mode, self._elsewhere = executor_in_loop(executor)
        self.services = Services(storage, config)
        self.scheduler = scheduler or SchedulerConfig()
        check_count("max_workers", max_workers)
        super().__init__(registry)
        self._own_store: InMemoryStateStore | None = None
        if state_store is None:
            self._own_store = default_state_store(
                self.services.given_storage, keep_runs
            )
            state_store = self._own_store
        else:
            self.services = self.services.beside(state_store)
        self.state_store: StateStoreProtocol = state_store
        self.hooks = list(hooks or ())
        self.executor = executor
        self.max_workers = max_workers
        self.logger = logger
        self._logger = logger or logging.getLogger("dotflow.pipeline")
        self._threads: DaemonThreads | None = None
        self._runs = ActiveRuns(self.state_store, self.services)

    async def __aenter__(self) -> Dags:
        if self.executor is None and self._threads is None:
            self._threads = DaemonThreads(self.max_workers, "dotflow-pipeline")
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the threads end, and close a state store that nobody gave; at will."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None
        if self._own_store is not None:
            self._own_store.close()

    def share(self, services: Services) -> None:
        """Use the providers of another engine from now on."""
        self.services = services
        self._runs = ActiveRuns(self.state_store, services)

    def configure(self, storage: Storage) -> None:
        """Keep runs, and what else a storage is for, in this one from now on."""
        store = default_state_store(storage)
        self.close()
        self._own_store = self.state_store = store
        self.share(self.services.over(storage))

    def dag(self, dag_name: str) -> DagScope:
        """Return a DAG of this engine, to declare its tasks and to run it."""
        return DagScope(self, checked_name(dag_name, "DAG"))

    async def run_once(
        self,
        dag_name: str,
        context: RunContext[Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> str:
        """Run a DAG once.

        Args:
            dag_name: The DAG.
            context: What its tasks share.
            **options: See `RunOptions`.

        Returns:
            The id of the run; a failed task does not raise, nor does a deadline.

        Raises:
            GraphError: Something is wrong with the DAG, or a context is required.
            InvalidTask: An option is out of range.
        """
        checked = check_run(options)
        return await self._run(self._plan(dag_name), context, checked)

    async def run_many(
        self, dag_name: str, contexts: Contexts, **options: Unpack[RunOptions]
    ) -> list[str]:
        """Run a DAG once for each context, one after the other.

        Args:
            dag_name: The DAG, checked before the first context is asked for.
            contexts: Any iterable, also an asynchronous one.
            **options: Those of each run; see `run_once`.

        Returns:
            The ids of the runs; a failed one does not stop the others, `cancel()` does.
        """
        checked = check_run(options)
        plan, cancels, ids = self._plan(dag_name), self._runs.cancels, list[str]()
        with self._counting_as_one() as begun:
            if isinstance(contexts, AsyncIterable):
                async for context in contexts:
                    ids.append(await self._run(plan, context, checked, begun=begun))
                    if self._runs.cancels != cancels:
                        break
                return ids
            for context in contexts:
                ids.append(await self._run(plan, context, checked, begun=begun))
                if self._runs.cancels != cancels:
                    break
        return ids

    def _counting_as_one(self) -> AbstractContextManager[Callable[[str], None] | None]:
        """Have a store in memory keep all of some runs until newer ones have ended."""
        if isinstance(self.state_store, InMemoryStateStore):
            return self.state_store.counting_as_one()
        return nullcontext()

    async def run_subgraph(
        self,
        dag_name: str,
        targets: Sequence[Target],
        context: RunContext[Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> str:
        """Run some tasks of a DAG and all that they depend on; see `run_once`.

        Tasks are given by name, or as decorated functions.
        """
        checked = check_run(options)
        names = self.names_of(dag_name, targets)
        return await self._run(self._plan(dag_name, names), context, checked)

    async def resume(
        self,
        run_id: str,
        *,
        from_tasks: Sequence[Target] | None = None,
        context: RunContext[Any] | None = None,
        on_input_change: str = TypeInputChange.REUSE,
        **options: Unpack[RunOptions],
    ) -> str:
        """Run what an earlier run has not completed, in a new run.

        It keeps the results of the tasks that succeeded, and runs all others of the
        DAG, with the code and the edges of now. A task also runs again when one that it
        depends on does, when it depended on others in that run, or when its result was
        not retained and is needed. Of a mapped task that was interrupted, or some items
        of which failed, the others are kept.

        Args:
            run_id: The earlier run, maybe of another process.
            from_tasks: Tasks to run again although they succeeded, with all that depend
                on them.
            context: What the tasks share; without metadata the run has that of the
                earlier one.
            on_input_change: What to do where the context has other `deps` than a kept
                result of a task that takes it was made with: `"reuse"` the result,
                `"reset"` and run everything, or `"raise"`. A task that depended on
                others is refused by `"raise"`, too.
            **options: As in `run_once`.

        Returns:
            The id of the new run.

        Raises:
            KeyError: There is no run of this id.
            GraphError: A task in `from_tasks` does not exist, or as in `run_once`.
            InputChangedError: `on_input_change="raise"`, and something has changed.
            InvalidOnInputChange: There is no such policy.
            WorkflowAlreadyRunning: That run goes on, or another one that goes on from
                it, and `if_running=` does not say what else to do.
        """
        checked = check_run(options)
        if on_input_change not in VALID_POLICIES:
            raise InvalidOnInputChange(on_input_change)
        former = self.state_store.get_run(run_id)
        plan = self._plan(former.dag_name)
        again = self.names_of(former.dag_name, from_tasks or ())
        resumed = Resumed(former, again, on_input_change, self._logger)
        return await self._run(plan, context, checked, resumed)

    def cancel(
        self, run_id: str | None = None, reason: str = "it was cancelled"
    ) -> None:
        """End runs as soon as possible; from any thread.

        What runs is stopped: coroutines and processes at once, a sync task in a thread
        when it next runs Python code. Tasks that ran have failed then, with the error
        `"CANCELLED"`, those that waited are skipped, and the run can be resumed.

        Args:
            run_id: A run, also of another process that shares the storage, which sees
                to it within a second; None for all runs of this object, and for those
                that `run_many` would begin.
            reason: What the errors will say.

        Raises:
            KeyError: There is no run of this id.
            StorageError: It is another process's, and the storage is not shared.
        """
        self._runs.cancel(run_id, reason)

    def get_run_report(self, run_id: str) -> dict[str, Any]:
        """Return what is known of a run, as a plain dictionary.

        Raises:
            KeyError: There is no run of this id.
        """
        store = self.state_store
        if isinstance(store, InMemoryStateStore) and store.has_let_go(run_id):
            self._logger.warning(
                "The results of run %s are gone: in memory the newest run keeps them, or"
                " as many as keep_runs=… says.",
                run_id,
            )
        return store.get_run(run_id).report()

    async def _run(
        self,
        plan: Plan,
        context: RunContext[Any] | None,
        options: RunOptions,
        resumed: Resumed | None = None,
        begun: Callable[[str], None] | None = None,
    ) -> str:
        if options["limits"]:
            specs = self._builder.specs_of(plan.dag.name).values()
            refuse_limits(options["limits"], [spec.limit for spec in specs])
        store, services = self.state_store, self.services
        run = PlanRun(plan, context, options, store, services, self._mode)
        # Whoever calls a user's function and watches has imported it.
        if watched := sys.modules.get("dotflow.base.starts"):
            watched.note((self.state_store, plan.dag.name), run)
        with self._runs.tracking(run.run_id, run.control):
            former = None if resumed is None else resumed.former.run_id
            try:
                if not await run.may_begin(self._runs, former):
                    run.skip(resumed)
                    return run.run_id
                if resumed is not None and resumed.former.finished_at is None:
                    # It may have ended meanwhile.
                    latest = store.get_run(resumed.former.run_id)
                    resumed = resumed._replace(former=latest)
                results = run.create(resumed)
                if begun is not None:
                    begun(run.run_id)
                await run.execute(
                    results,
                    hooks=HookDispatcher(self.hooks, logger=self._logger),
                    logger=self._logger,
                    executor=self._make_executor(),
                    max_parallel=self.scheduler.max_parallel,
                )
            finally:
                if run.others.lease is not None:  # where it has not come to that yet
                    run.others.let_go()
        return run.run_id

    def _make_executor(self) -> AsyncExecutor:
        if self._elsewhere is not None:
            return self._elsewhere()
        pool: Any = self.executor or self._threads
        # Whoever has one has imported its module, which takes long.
        module = sys.modules.get("concurrent.futures.process")
        if module is not None and isinstance(pool, module.ProcessPoolExecutor):
            from dotflow.pipeline.process_pool import PickledPool

            pool = PickledPool(pool)
        return EventLoopExecutor(pool, self.max_workers)


class DagScope:
    """One DAG of an engine: declare its tasks, check it, run it.

    Args:
        engine: The engine.
        name: The DAG.
    """

    def __init__(self, engine: Dags, name: str) -> None:
        self._engine = engine
        self._name = name

    @property
    def name(self) -> str:
        """The name of the DAG."""
        return self._name

    def task(
        self,
        name: str | None = None,
        deps: Deps | None = None,
        *by_place: Any,
        **options: Unpack[NodeOptions],
    ) -> Callable[[F], F]:
        """Declare the decorated function as a task; it stays the plain function it is.

        The arguments are those of `dotflow.pipeline.registry.task`.
        """
        registry = self._engine.registry
        return task(name, deps, *by_place, registry=registry, dag=self._name, **options)

    def validate(self) -> None:
        """Check the DAG; see `Dags.validate`."""
        self._engine.validate(self._name)

    def display(self) -> str:
        """Draw the DAG as a tree of text; see `validate`."""
        return self._engine.display_dag(self._name)

    def list_tasks(self) -> list[str]:
        """Return the tasks, each after all it depends on; see `validate`."""
        return self._engine.list_tasks(self._name)

    async def run_once(
        self, context: RunContext[Any] | None = None, **options: Unpack[RunOptions]
    ) -> str:
        """Run the DAG once and return the id of the run; see `Dags.run_once`."""
        return await self._engine.run_once(self._name, context, **options)

    async def run_many(
        self, contexts: Contexts, **options: Unpack[RunOptions]
    ) -> list[str]:
        """Run it for each context, one after the other; see `Dags.run_many`."""
        return await self._engine.run_many(self._name, contexts, **options)

    async def run_subgraph(
        self,
        targets: Sequence[Target],
        context: RunContext[Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> str:
        """Run some tasks and all that they depend on; see `Dags.run_subgraph`."""
        return await self._engine.run_subgraph(self._name, targets, context, **options)

    def cancel(
        self, run_id: str | None = None, reason: str = "it was cancelled"
    ) -> None:
        """End runs as soon as possible, from any thread; see `Dags.cancel`."""
        self._engine.cancel(run_id, reason)


class EngineOptions(TypedDict, total=False):
    """What an engine may be made with, beside its tasks; see `Dags`."""

    state_store: StateStoreProtocol | None
    executor: Pool | ModeChoice | None
    max_workers: int | None
    hooks: Iterable[RunHook] | None
    logger: logging.Logger | None
    storage: Storage | None
    config: Config | None
    keep_runs: int | None


def build_default_engine(
    *, max_parallel: int | None = 4, **options: Unpack[EngineOptions]
) -> Dags:
    """Return an engine with an empty registry; see `Dags`."""
    return Dags(scheduler=SchedulerConfig(max_parallel), **options)
