"""`DagScope`: one DAG of an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dotflow.pipeline.registry import Deps, F, task

if TYPE_CHECKING:
    from typing import Unpack

    from dotflow.model.options import NodeOptions, RunOptions
    from dotflow.pipeline.catalog import Target
    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.dags import Contexts, Dags


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

        Args:
            name: Its name; default: the function's.
            deps: The tasks it depends on: names, decorated functions, or a mapping from
                parameters to either. Default: the registered tasks that its required
                parameters are named after.
            *by_place: `timeout_s` and `retries`.
            **options: See `NodeOptions` and `TaskOptions`.

        Raises:
            TypeError: There is no such option, or a dependency is neither a name nor a
                function.
            ValueError: An argument is out of range, the name is taken, or a required
                parameter cannot be provided.
        """
        registry = self._engine.registry
        return task(name, deps, *by_place, registry=registry, dag=self._name, **options)

    def validate(self) -> None:
        """Check the DAG.

        Raises:
            GraphError: All that is wrong with it, together; a `ValueError`.
        """
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
