"""One run of a plan: the records around the one loop of `dotflow.engine`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dotflow.core.identity import new_ulid
from dotflow.engine.events import EventBus
from dotflow.engine.loop import Engine as Loop
from dotflow.pipeline.records import Recorder
from dotflow.pipeline.results import StoredResults

if TYPE_CHECKING:
    from logging import Logger

    from dotflow.abc.executor import AsyncExecutor
    from dotflow.pipeline.context import RunContext
    from dotflow.pipeline.dag import DAG
    from dotflow.pipeline.hooks import HookDispatcher
    from dotflow.pipeline.plan import Plan
    from dotflow.pipeline.state import RunRecord, StateStoreProtocol


class Resumed(NamedTuple):
    """The run that a new one goes on from, and the tasks that run again."""

    run_id: str
    reset: set[str]


async def run_plan(
    plan: Plan,
    context: RunContext[Any] | None,
    resumed: Resumed | None,
    *,
    store: StateStoreProtocol,
    hooks: HookDispatcher,
    logger: Logger,
    executor: AsyncExecutor,
    max_parallel: int | None,
) -> str:
    """Run the tasks of a plan and return the id of the run.

    Args:
        plan: What to run.
        context: What the tasks share.
        resumed: The run that this one goes on from; None to start from nothing.
        store: Where the run is recorded.
        hooks: Who hears the events.
        logger: Where it logs.
        executor: Where attempts run.
        max_parallel: The most attempts in flight; None for the executor's own bound.
    """
    graph = plan.graph(context)
    run_id, dag = new_ulid(), plan.dag
    metadata = None if context is None else context.metadata
    kept: dict[str, Any] = {}
    if resumed is None:
        store.create_run(run_id, dag.name, dag.nodes, metadata)
    else:
        record = store.create_resumed_run(
            run_id, resumed.run_id, dag.name, dag.nodes, resumed.reset, metadata
        )
        kept = {
            name: task.result
            for name, task in record.tasks.items()
            if task.status == "SUCCESS"
        }
    recorder = Recorder(plan, store, run_id, hooks, logger)
    bus = EventBus()
    recorder.connect(bus)
    recorder.begin()
    loop = Loop(
        graph,
        executor,
        StoredResults(store, run_id, kept),
        bus,
        keep_going=True,
        max_parallel=max_parallel,
    )
    interrupted = True
    try:
        await loop.run_async()
        interrupted = False
    finally:
        recorder.end(interrupted)
    return run_id


def tasks_to_run(dag: DAG, former: RunRecord, again: Sequence[str]) -> set[str]:
    """Return the tasks that a resumed run must run, whatever they were before."""
    stale = {
        name
        for name in dag.nodes
        if name not in former.tasks or former.tasks[name].status != "SUCCESS"
    }
    stale = dag.descendants_of(stale.union(again))
    # A kept result that is gone has to be made again for whoever needs it.
    for name in reversed(dag.nodes):
        if name in stale:
            stale.update(
                dep
                for dep in dag.edges[name]
                if dep not in stale
                and getattr(former.tasks[dep], "result_cleared", False)
            )
    return stale


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
