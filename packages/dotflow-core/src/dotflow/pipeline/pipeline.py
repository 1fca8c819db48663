"""`Pipeline`: functions that name each other's results, run as a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dotflow.base.parameters import parameters_of
from dotflow.errors import GraphError
from dotflow.model.options import unknown_option
from dotflow.model.task_values import checked_name
from dotflow.pipeline.context import RunContext
from dotflow.pipeline.dag import require_known
from dotflow.pipeline.dags import DagScope, build_default_engine
from dotflow.pipeline.run import run_to_end
from dotflow.pipeline.services import Services
from dotflow.types import TypeInputChange

if TYPE_CHECKING:
    from concurrent.futures import Executor as Pool
    from logging import Logger
    from typing import Never, Self, Unpack

    from dotflow.abc.executor import ModeChoice
    from dotflow.abc.storage import Storage
    from dotflow.config.config import Config
    from dotflow.model.graph import Graph
    from dotflow.model.options import RunOptions
    from dotflow.pipeline.catalog import Target
    from dotflow.pipeline.hooks import RunHook
    from dotflow.pipeline.registry import TaskRegistry
    from dotflow.pipeline.spec import TaskSpec
    from dotflow.pipeline.state import StateStoreProtocol


class Pipeline(DagScope):
    """One graph of tasks, with what is needed to run it.

        pipeline = Pipeline("etl")

        @pipeline.task()
        def extract() -> list[int]:
            return [1, 2, 3]

        @pipeline.task()
        def total(extract: list[int]) -> int:
            return sum(extract)

        print(pipeline.run()["tasks"]["total"]["result"])

    Coroutine functions run in the event loop, other functions in threads. Inside
    `async with pipeline:` all runs share the threads; otherwise each has its own.

    Args:
        name: The name of the pipeline.
        executor: A `concurrent.futures` pool for sync tasks, which stays open, where in
            a `ProcessPoolExecutor` tasks must be importable; or where all tasks run, as
            `start(mode=…)` takes it: the name of a mode, an executor, what makes one.
        max_workers: The threads for sync tasks where no pool is given.
        max_parallel: The most tasks in flight at once; None for as many as can run.
        logger: Where it logs; default: the logger `dotflow.pipeline`.
        hooks: Who hears the events of runs.
        state_store: Where runs are recorded; default: in the storage, where another
            process finds and resumes them, or in memory where that is in memory. In a
            `StorageSQLite` it is a `SQLiteStateStore` in the same file.
        storage: Keeps runs and their results, those of tasks with `cache=True`, limits
            that processes share, requests to cancel a run of another process, and the
            history of runs. Default: where `state_store` keeps runs, as a
            `SQLiteStateStore` does in its file, else one in memory.
        config: All providers, its storage among them: they are told of runs as of those
            of a `DotFlow`. A server knows each run as a workflow, by the run's id; that
            of the environment, or of `dotflow login`, hears of them without a config.
        keep_runs: Of how many runs the results are kept, where runs are recorded in
            memory: by default the newest one, with all that went on beside it; a report
            says where they are gone. None for all. See `InMemoryStateStore`.

    Raises:
        ValueError: A number is out of range, the name is no text, or there are two
            storages.
        UnknownOption: There is no such argument.
        StorageCannotKeepRuns: Other processes see the storage, but it lacks what they
            need to find runs there: `list_keys`, `delete` or `atomic_swap`.
    """

    def __init__(
        self,
        name: str,
        executor: Pool | ModeChoice | None = None,
        max_workers: int | None = 8,
        max_parallel: int | None = 4,
        logger: Logger | None = None,
        hooks: Iterable[RunHook] | None = None,
        state_store: StateStoreProtocol | None = None,
        *,
        storage: Storage | None = None,
        config: Config | None = None,
        keep_runs: int | None = 1,
        **misspelt: Never,
    ) -> None:
        if misspelt:
            raise unknown_option("Pipeline()", misspelt, parameters_of(Pipeline).names)
        if type(name) is not str or not name:
            checked_name(name, "pipeline")
        engine = build_default_engine(
            executor=executor,
            max_workers=max_workers,
            max_parallel=max_parallel,
            logger=logger,
            hooks=hooks,
            state_store=state_store,
            storage=storage,
            config=config,
            keep_runs=keep_runs,
        )
        super().__init__(engine, name)

    async def __aenter__(self) -> Self:
        await self._engine.__aenter__()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the threads of `async with` end, and close a state store of its own.

        It can be called more than once, and the pipeline be run again afterwards.
        """
        self._engine.close()

    def configure(self, *, storage: Storage) -> Pipeline:
        """Replace the storage, and where runs are recorded, before the next run.

        It is how the command line wins over what a pipeline says of itself.

        Args:
            storage: What keeps runs, results, limits, requests and the history from now
                on.

        Returns:
            The pipeline, so that calls can be chained.

        Raises:
            StorageCannotKeepRuns: As of the constructor.
        """
        self._engine.configure(storage)
        return self

    @property
    def registry(self) -> TaskRegistry:
        """Where the tasks are declared."""
        return self._engine.registry

    @property
    def state_store(self) -> StateStoreProtocol:
        """Where the runs are recorded."""
        return self._engine.state_store

    @property
    def storage(self) -> Storage:
        """Where cached results, limits, requests and the history are."""
        return self._engine.services.storage

    @property
    def given_config(self) -> Config | None:
        """The providers that the pipeline was given; None where it was given none."""
        services = self._engine.services
        return services.config if services.given else None

    @property
    def tasks(self) -> Mapping[str, TaskSpec]:
        """The tasks by name, in the order they were declared."""
        return self.registry.of_dag(self.name)

    @property
    def dependencies(self) -> dict[str, list[str]]:
        """For each task the tasks it depends on."""
        return {name: list(spec.deps) for name, spec in self.tasks.items()}

    def run(
        self,
        context: RunContext[Any] | None = None,
        targets: Sequence[Target] | None = None,
        **options: Unpack[RunOptions],
    ) -> dict[str, Any]:
        """Run the pipeline from a script, without an event loop of one's own.

        Args:
            context: What the tasks share.
            targets: Run only these tasks and all that they depend on.
            **options: See `RunOptions`.

        Returns:
            The report, as of `get_run_report`; a failed task does not raise.

        Raises:
            RuntimeError: An event loop runs in this thread already: `await` the same
                call of `arun`.
            GraphError: As in `run_once`.
        """
        report: dict[str, Any] = run_to_end(
            partial(self.arun, context, targets, **options), "run"
        )
        return report

    async def arun(
        self,
        context: RunContext[Any] | None = None,
        targets: Sequence[Target] | None = None,
        **options: Unpack[RunOptions],
    ) -> dict[str, Any]:
        """Run the pipeline in the event loop that goes on, as that of a notebook.

        Args:
            context: As in `run`.
            targets: As in `run`.
            **options: See `RunOptions`.

        Returns:
            As `run`.

        Raises:
            GraphError: As in `run_once`.
        """
        run_id = (
            await self.run_once(context, **options)
            if targets is None
            else await self.run_subgraph(targets, context, **options)
        )
        return self.get_run_report(run_id)

    async def resume(
        self,
        run_id: str,
        from_tasks: Sequence[Target] | None = None,
        context: RunContext[Any] | None = None,
        on_input_change: str = TypeInputChange.REUSE,
        **options: Unpack[RunOptions],
    ) -> str:
        """Run what an earlier run has not completed, in a new run; see `Dags.resume`.

        Completed items of a mapped task are kept if the state store knows of items: it
        is an `ItemStateStore`, as the built-in ones are.

        Raises:
            KeyError: There is no run of this id.
            GraphError: It is another pipeline's, or as in `Dags.resume`.
        """
        owner = self.state_store.get_run(run_id).dag_name
        if owner != self.name:
            raise GraphError([f"Run {run_id} is one of {owner!r}, not {self.name!r}."])
        return await self._engine.resume(
            run_id,
            from_tasks=from_tasks,
            context=context,
            on_input_change=on_input_change,
            **options,
        )

    def get_run_report(self, run_id: str) -> dict[str, Any]:
        """Return what is known of a run; see `Dags.get_run_report`."""
        return self._engine.get_run_report(run_id)

    def subgraph(self, targets: Sequence[Target]) -> Pipeline:
        """Return a pipeline of some tasks and all that they depend on.

        It has the same name, hooks, providers and state store.

        Args:
            targets: Tasks by name, or as decorated functions.

        Raises:
            GraphError: Some do not exist, or something else is wrong.
        """
        engine = self._engine
        dag = engine.build(self.name)
        kept = set(dag.subgraph(engine.names_of(self.name, targets)).nodes)
        return self._with(
            (spec for name, spec in self.tasks.items() if name in kept),
            engine.state_store,
            engine.services,
        )

    def override_tasks(
        self, overrides: Mapping[str, Any] | None = None, /, **named: Any
    ) -> Pipeline:
        """Return a pipeline in which some tasks do something else, for a test.

        It has the same graph and hooks. Its runs are recorded, and results cached, in a
        memory of its own, and no provider is told of them.

        Args:
            overrides: For tasks of any name: a constant to return, or what to call.
                It is given results and the context by its own parameters.
            **named: The same, for tasks whose names can be written so.

        Raises:
            GraphError: There is no such task, or a parameter cannot be provided.
        """
        replaced = {**(overrides or {}), **named}
        require_known(replaced, self.tasks, self.name)
        specs = [
            _overridden(spec, replaced[name]) if name in replaced else spec
            for name, spec in self.tasks.items()
        ]
        problems = [problem for spec in specs for problem in spec.problems(self.tasks)]
        if problems:
            raise GraphError(problems)
        return self._with(specs, None, Services(None, None, reports=False))

    def inner_graph(self, initial_context: Any = None) -> Graph:
        """Return the graph of the tasks as a part of a `DotFlow`.

        Args:
            initial_context: The `RunContext` of the tasks, or what becomes its `deps`.

        Raises:
            GraphError: As in `run_once`.
        """
        context = initial_context
        if context is not None and not isinstance(context, RunContext):
            context = RunContext(context)
        return self._engine.graph(self.name, context)

    def name_as_step(self) -> str:
        """Return what a task is called by default that stands for the pipeline."""
        return self.name

    def _with(
        self,
        specs: Iterable[TaskSpec],
        state_store: StateStoreProtocol | None,
        services: Services,
    ) -> Pipeline:
        engine = self._engine
        other = Pipeline(
            self.name,
            engine.executor,
            engine.max_workers,
            engine.scheduler.max_parallel,
            engine.logger,
            engine.hooks,
            state_store,
        )
        other._engine.share(services)
        for spec in specs:
            other.registry.register(spec)
        return other

    def __repr__(self) -> str:
        return f"<Pipeline {self.name!r}: {len(self.tasks)} tasks>"

    def _repr_html_(self) -> str:
        from dotflow.report.graph import GraphView, workflow_page

        # No task is called: any context stands for the one that a run is given.
        return workflow_page(
            repr(self),
            lambda: GraphView(
                self._engine.graph(self.name, RunContext(None)), self.name
            ),
        )


class _Constant:
    """A task that returns a value, and asks for nothing."""

    def __init__(self, value: Any) -> None:
        self._value = value

    async def __call__(self) -> Any:
        return self._value


def _overridden(spec: TaskSpec, instead: Any) -> TaskSpec:
    if callable(instead):
        return spec.but(instead)
    constant = _Constant(instead)
    return spec.but(constant, process=False, cache=False, limit=None, rate=None)
