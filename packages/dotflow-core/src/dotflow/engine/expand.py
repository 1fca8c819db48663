"""Runs tasks that are more than one attempt; the one place that knows all their kinds."""

from __future__ import annotations

from dotflow.model.expansion import MapOver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotflow.abc.executor import AnyExecutor
    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.expanded import Expanded
    from dotflow.engine.limits.cache import ResultCache
    from dotflow.engine.run_state import RunState
    from dotflow.engine.task_ends import TaskEnds
    from dotflow.model.context import Context
    from dotflow.model.expansion import Expansion
    from dotflow.model.graph import Graph
    from dotflow.model.task import TaskInstance


def begin(
    state: RunState,
    ends: TaskEnds,
    checkpoints: Checkpoints,
    cache: ResultCache | None,
    node: int,
    expansion: Expansion,
) -> Expanded:
    """Begin to run such a task; its upstream has completed."""
    if isinstance(expansion, MapOver):
        from dotflow.engine.maps.item_values import ItemValues
        from dotflow.engine.maps.mapped_task import MappedTask

        task, spill = state.tasks[node], expansion.spill
        results = ItemValues(task, checkpoints, cache, spill, node, state.hold)
        return MappedTask(state, ends, results, node, expansion)
    from dotflow.engine.sub_workflow import EndedParts

    return EndedParts(state, ends, checkpoints, node)


def stream_items(graph: Graph, executor: AnyExecutor) -> None:
    """Mark the tasks whose generators a map reads as it goes.

    It is the only one that reads them, and the step asks for nothing that covers the
    body of its generator: further attempts, a timeout, a kept result.
    """
    if not executor.in_process:
        return
    for node, task in enumerate(graph.tasks):
        if not isinstance(task.expansion, MapOver):
            continue
        for up in graph.upstream[node]:
            source = graph.tasks[up]
            step = source.step
            source.streams = (
                source.name == task.expansion.over
                and len(graph.downstream[up]) == 1
                and step.policy.attempts == 1
                and not (step.timeout or step.cache or step.isolate)
            )


def revive(task: TaskInstance, stored: Context, checkpoints: Checkpoints) -> Context:
    """Return the result of such a task, given what its checkpoint holds."""
    if not isinstance(task.expansion, MapOver):
        return stored
    from dotflow.engine.maps.mapped_results import revived_results

    return revived_results(task, stored, checkpoints)
