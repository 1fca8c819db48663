"""`Engine`: runs the DAGs of a registry, each by the one loop of `dotflow.engine`."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from concurrent.futures import Executor as Pool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dotflow.core.exception import GraphError
from dotflow.engine.executors.event_loop import EventLoopExecutor
from dotflow.pipeline.dag import DAG, DAGBuilder, require_known
from dotflow.pipeline.hooks import HookDispatcher
from dotflow.pipeline.plan import Plan
from dotflow.pipeline.process_pool import PickledPool
from dotflow.pipeline.registry import Deps, F, TaskRegistry, task
from dotflow.pipeline.run import Resumed, run_plan, tasks_to_run
from dotflow.pipeline.scheduler import SchedulerConfig, check_count
from dotflow.pipeline.state import InMemoryStateStore, StateStoreProtocol
from dotflow.pipeline.tree import draw_tree

if TYPE_CHECKING:
    from types import TracebackType

    from dotflow.engine.graph import Graph
    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.hooks import RunHook
    from dotflow.pipeline.scope import DagScope

Contexts = AsyncIterable["RunContext[Any] | None"] | Iterable["RunContext[Any] | None"]
Target = str | Callable[..., Any]


class Engine:
    """Runs the DAGs of a registry.

    `async with engine:` keeps one pool of threads for all runs inside; without it each
    run has its own.

    Args:
        registry: The tasks; default: an empty one.
        state_store: Where runs are recorded; default: in memory.
        scheduler: How much runs at once.
        executor: A `concurrent.futures` pool for sync tasks, which stays open. In a
            `ProcessPoolExecutor` tasks must be importable.
        max_workers: The threads of its own pool.
        hooks: Who hears the events.
        logger: Where it logs; default: the logger `dotflow.pipeline`.
    """

    def __init__(
        self,
        registry: TaskRegistry | None = None,
        state_store: StateStoreProtocol | None = None,
        scheduler: SchedulerConfig | None = None,
        *,
        executor: Pool | None = None,
        max_workers: int | None = 8,
        hooks: Iterable[RunHook] | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        self.scheduler = scheduler or SchedulerConfig()
        check_count("max_parallel", self.scheduler.max_parallel)
        check_count("max_workers", max_workers)
        self.registry = TaskRegistry() if registry is None else registry
        self.state_store: StateStoreProtocol = (
            InMemoryStateStore() if state_store is None else state_store
        )
        self.hooks = list(hooks or ())
        self.executor = executor
        self.max_workers = max_workers
        self.logger = logger
        self._logger = logger or logging.getLogger("dotflow.pipeline")
        self._builder = DAGBuilder(self.registry)
        self._threads: ThreadPoolExecutor | None = None
        self._plans: dict[tuple[str, frozenset[str] | None], Plan] = {}
        self._version = self.registry.version

    async def __aenter__(self) -> Engine:
        if self.executor is None and self._threads is None:
            self._threads = ThreadPoolExecutor(
                self.max_workers, thread_name_prefix="dotflow-pipeline"
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the threads end; once or more often."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    def task(
        self, name: str | None = None, deps: Deps | None = None, **options: Any
    ) -> Callable[[F], F]:
        """Declare a task, of the DAG `dag=`; see `dotflow.pipeline.registry.task`."""
        return task(name, deps, registry=self.registry, **options)

    def dag(self, dag_name: str) -> DagScope:
        """Return a DAG of this engine, to declare its tasks and to run it."""
        from dotflow.pipeline.scope import DagScope

        return DagScope(self, dag_name)

    def list_dags(self) -> list[str]:
        """Return the names of all DAGs, sorted."""
        return self._builder.dag_names()

    def list_tasks(self, dag_name: str) -> list[str]:
        """Return the tasks of a DAG, each after all it depends on.

        Raises:
            GraphError: Something is wrong with the DAG.
        """
        return list(self.build(dag_name).nodes)

    def validate(self, dag_name: str) -> None:
        """Check a DAG.

        Raises:
            GraphError: All that is wrong with it, together.
        """
        self._plan(dag_name)

    def build(self, dag_name: str) -> DAG:
        """Check a DAG and return it; see `validate`."""
        return self._plan(dag_name).dag

    def graph(self, dag_name: str, context: RunContext[Any] | None) -> Graph:
        """Return the graph of new tasks for one run of a DAG; see `run_once`."""
        return self._plan(dag_name).graph(context)

    def display_dag(self, dag_name: str) -> str:
        """Draw a DAG as a tree of text; see `validate`."""
        return draw_tree(self.build(dag_name))

    async def run_once(
        self, dag_name: str, context: RunContext[Any] | None = None
    ) -> str:
        """Run a DAG once.

        Args:
            dag_name: The DAG.
            context: What its tasks share.

        Returns:
            The id of the run; a failed task does not raise.

        Raises:
            GraphError: Something is wrong with the DAG, or a context is required.
        """
        return await self._run(self._plan(dag_name), context)

    async def run_many(self, dag_name: str, contexts: Contexts) -> list[str]:
        """Run a DAG once for each context, one after the other.

        Args:
            dag_name: The DAG, checked before the first context is asked for.
            contexts: Any iterable, also an asynchronous one.

        Returns:
            The ids of the runs; a failed one does not stop the others.
        """
        plan = self._plan(dag_name)
        if isinstance(contexts, AsyncIterable):
            return [await self._run(plan, context) async for context in contexts]
        return [await self._run(plan, context) for context in contexts]

    async def run_subgraph(
        self,
        dag_name: str,
        targets: Sequence[Target],
        context: RunContext[Any] | None = None,
    ) -> str:
        """Run some tasks of a DAG and all that they depend on; see `run_once`.

        Args:
            dag_name: The DAG.
            targets: Tasks by name, or as decorated functions.
            context: What the tasks share.
        """
        names = self.names_of(dag_name, targets)
        return await self._run(self._plan(dag_name, names), context)

    async def resume(
        self,
        run_id: str,
        *,
        from_tasks: Sequence[Target] | None = None,
        context: RunContext[Any] | None = None,
    ) -> str:
        """Run what an earlier run has not completed, in a new run.

        It keeps the results of the tasks that succeeded, and runs all others of the
        DAG, with the code and the edges of now. A task also runs again when one that it
        depends on does, or when its result was not retained and is needed.

        Args:
            run_id: The earlier run, maybe of another process.
            from_tasks: Tasks to run again although they succeeded, with all that depend
                on them.
            context: What the tasks share; without metadata the run has that of the
                earlier one.

        Returns:
            The id of the new run.

        Raises:
            KeyError: There is no run of this id.
            GraphError: A task in `from_tasks` does not exist, or as in `run_once`.
        """
        former = self.state_store.get_run(run_id)
        plan = self._plan(former.dag_name)
        again = self.names_of(former.dag_name, from_tasks or ())
        reset = tasks_to_run(plan.dag, former, again)
        return await self._run(plan, context, Resumed(run_id, reset))

    def get_run_report(self, run_id: str) -> dict[str, Any]:
        """Return what is known of a run, as a plain dictionary.

        Raises:
            KeyError: There is no run of this id.
        """
        return self.state_store.get_run(run_id).report()

    def names_of(self, dag_name: str, targets: Sequence[Target]) -> list[str]:
        """Return the names of tasks that are given by name or as functions.

        Raises:
            GraphError: Some are no tasks of the DAG.
        """
        if isinstance(targets, str):
            raise TypeError(f"Give a list of tasks: [{targets!r}].")
        dag = self.build(dag_name)
        specs = self._builder.specs_of(dag_name)
        own = next(iter(specs.values())).dag
        names = [
            target
            if isinstance(target, str)
            else self.registry.name_of(target, own)
            or str(getattr(target, "__name__", target))
            for target in targets
        ]
        require_known(names, dag.nodes, dag_name)
        return names

    def _plan(self, dag_name: str, targets: Sequence[str] | None = None) -> Plan:
        """Check a DAG, or a part of it; again only when a task was added."""
        if self._version != self.registry.version:
            self._plans.clear()
            self._version = self.registry.version
        key = (dag_name, None if targets is None else frozenset(targets))
        plan = self._plans.get(key)
        if plan is None:
            dag = (
                self._builder.build(dag_name)
                if targets is None
                else self.build(dag_name).subgraph(targets)
            )
            if not dag.nodes:
                raise GraphError(["There is nothing to run: no target was given."])
            plan = self._plans[key] = Plan(dag, self._builder.specs_of(dag_name))
        return plan

    async def _run(
        self,
        plan: Plan,
        context: RunContext[Any] | None,
        resumed: Resumed | None = None,
    ) -> str:
        return await run_plan(
            plan,
            context,
            resumed,
            store=self.state_store,
            hooks=HookDispatcher(self.hooks, logger=self._logger),
            logger=self._logger,
            executor=EventLoopExecutor(self._pool(), self.max_workers),
            max_parallel=self.scheduler.max_parallel,
        )

    def _pool(self) -> Pool | None:
        if isinstance(self.executor, ProcessPoolExecutor):
            return PickledPool(self.executor)
        return self.executor or self._threads


def build_default_engine(
    *,
    executor: Pool | None = None,
    max_workers: int | None = 8,
    max_parallel: int | None = 4,
    logger: logging.Logger | None = None,
    hooks: Iterable[RunHook] | None = None,
    state_store: StateStoreProtocol | None = None,
) -> Engine:
    """Return an engine with an empty registry; see `Engine`."""
    return Engine(
        None,
        state_store,
        SchedulerConfig(max_parallel),
        executor=executor,
        max_workers=max_workers,
        hooks=hooks,
        logger=logger,
    )
