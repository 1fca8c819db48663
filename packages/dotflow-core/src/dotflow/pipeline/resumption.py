"""What of an earlier run a new one can keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dotflow.pipeline.dag import DAG
    from dotflow.pipeline.spec import TaskSpec
    from dotflow.pipeline.state import RunRecord


def tasks_to_run(
    dag: DAG, specs: Mapping[str, TaskSpec], former: RunRecord, again: Sequence[str]
) -> set[str]:
    """Return the tasks that a resumed run must run from their beginning.

    A task that did not succeed is not among them if it is mapped and what it maps over
    is kept: it runs as well, and its completed items do not.

    Args:
        dag: What the new run runs.
        specs: Its tasks, by name.
        former: The earlier run.
        again: Tasks to run again although they succeeded.
    """
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
    begun = {
        name
        for name in stale.difference(again)
        if specs[name].map_over is not None
        and name in former.tasks
        and former.tasks[name].status != "SUCCESS"
        and stale.isdisjoint(dag.edges[name])
    }
    return stale - begun
