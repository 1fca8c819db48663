"""`DagScope`: one DAG of an engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dotflow.pipeline.registry import Dep, Deps, F, task

if TYPE_CHECKING:
    from typing import Unpack

    from dotflow.pipeline.catalog import Target
    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.dags import Contexts, Dags
    from dotflow.pipeline.options import RunOptions
    from dotflow.pipeline.spec import RetryOn


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
        timeout_s: float | None = None,
        retries: int = 0,
        *,
        retry_delay: float = 0,
        backoff: bool = False,
        retry_on: RetryOn = Exception,
        process: bool = False,
        retain_result: bool = True,
        map: Dep | None = None,
        cache: bool = False,
        cache_ttl: float | None = None,
        cache_key: Callable[..., Any] | None = None,
        limit: str | None = None,
        rate: str | None = None,
    ) -> Callable[[F], F]:
        """Declare the decorated function as a task; it stays the plain function it is.

        Args:
            name: Its name; default: the function's.
            deps: The tasks it depends on: names, decorated functions, or a mapping from
                parameters to either. Default: the registered tasks that its required
                parameters are named after.
            timeout_s: Seconds that one attempt may take; None for no limit. A sync
                function with a limit runs in a process of its own, which can be
                stopped.
            retries: Attempts after the first failed one.
            retry_delay: Seconds between two attempts.
            backoff: Double the delay after every attempt.
            retry_on: The exception class, or a tuple of them, worth another attempt.
            process: Run each attempt in a process of its own.
            retain_result: Whether the result is kept after the last task that needs it.
            map: A task, by name or as a decorated function: this one is called for each
                item of its result. Parameters `item` or the task's name receive the
                item, `index` its place; the result is the list of the items' results.
            cache: Keep the result in the pipeline's storage and find it again, in any later
                run, for the same code and the same inputs.
            cache_ttl: Seconds that a kept result counts; None for ever.
            cache_key: Called with the inputs by parameter name; what it returns stands for
                them. Default: the inputs themselves, of a context what is in it.
            limit: A name: no more attempts of the tasks that share it run at once than
                `run_once(limits={name: …})` says, 1 by default.
            rate: The most attempts that may start in a time, as `"10/s"`.

        Raises:
            TypeError: A dependency is neither a name nor a function.
            ValueError: An argument is out of range, the name is taken, or a required
                parameter cannot be provided.
        """
        return task(
            name,
            deps,
            timeout_s,
            retries,
            registry=self._engine.registry,
            dag=self._name,
            retry_delay=retry_delay,
            backoff=backoff,
            retry_on=retry_on,
            process=process,
            retain_result=retain_result,
            map=map,
            cache=cache,
            cache_ttl=cache_ttl,
            cache_key=cache_key,
            limit=limit,
            rate=rate,
        )

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
