"""What of an earlier run a new one can keep."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from dotflow.engine.lineage import read_lineage
from dotflow.errors import InputChangedError
from dotflow.pipeline.run_state import RunRecord
from dotflow.types import TypeInputChange

if TYPE_CHECKING:
    from logging import Logger

    from dotflow.engine.lineage import Lineage
    from dotflow.model.context import Context
    from dotflow.model.task import TaskInstance
    from dotflow.pipeline.dag import DAG
    from dotflow.pipeline.run_state import TaskRunRecord


class Resumed(NamedTuple):
    """The run that a new one goes on from.

    Attributes:
        former: The earlier run.
        again: Tasks to run again although they succeeded.
        on_input_change: A `TypeInputChange`.
        logger: Hears which tasks run again because the graph has changed.
    """

    former: RunRecord
    again: Collection[str]
    on_input_change: str
    logger: Logger

    def tasks_to_run(self, dag: DAG, lineage: Lineage) -> set[str]:
        """Return the tasks that the new run must run from their beginning.

        A task that did not succeed is not among them if it is mapped and what it maps
        over is kept: it runs as well, and its completed items do not.

        Args:
            dag: What the new run runs.
            lineage: Its tasks, in the same order, and what they are made from now.

        Raises:
            InputChangedError: The inputs or the graph changed, and the policy is
                `"raise"`.
        """
        former = self.former.tasks
        renewed = {*self.again, *self._changed(lineage)}
        stale = {
            name
            for name in dag.nodes
            if name not in former or former[name].status != "SUCCESS"
        }
        stale = dag.descendants_of(stale | renewed)
        # A kept result that is gone has to be made again for whoever needs it.
        for name in reversed(dag.nodes):
            if name in stale:
                stale.update(
                    dep
                    for dep in dag.edges[name]
                    if dep not in stale
                    and getattr(former[dep], "result_cleared", False)
                )
        begun = {
            name
            for name, task in zip(dag.nodes, lineage.graph.tasks, strict=True)
            if task.expansion is not None
            and name in stale - renewed
            and name in former
            and former[name].status != "SUCCESS"
            and stale.isdisjoint(dag.edges[name])
        }
        return stale - begun

    def _changed(self, lineage: Lineage) -> list[str]:
        """Return the tasks whose results were made from others than they are now."""
        run_id, policy = self.former.run_id, self.on_input_change
        if isinstance(self.former, RunRecord):
            self.former.settle_lineages()
        strict = policy == TypeInputChange.RAISE
        moved: list[str] = []
        for node, task in enumerate(lineage.graph.tasks):
            record = self.former.tasks.get(task.name)
            # A store of a user's own may have records of its own.
            made = read_lineage(getattr(record, "lineage", None))
            if record is None or made is None or not _has_results(record, task):
                continue
            if policy != TypeInputChange.REUSE and lineage.changes_input(node, made):
                if strict:
                    raise InputChangedError(run_id)
                return [each.name for each in lineage.graph.tasks]
            if lineage.changes_place(node, made, _nothing):
                moved.append(task.name)
        if moved and strict:
            raise InputChangedError(run_id, moved[0])
        if moved:
            self.logger.warning(
                "What %s depended on in run %s is not what it depends on now: it runs"
                " again, and so does all that follows it.",
                ", ".join(map(repr, moved)),
                run_id,
            )
        return moved


def _has_results(record: TaskRunRecord, task: TaskInstance) -> bool:
    return record.status == "SUCCESS" or task.expansion is not None


def _nothing(task: TaskInstance) -> Context | None:
    """Find no other task of the name: each task of a pipeline has one of its own."""
