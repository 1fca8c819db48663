"""What a resume does where the inputs or the graph are not those of its results.

The record of a run says which inputs its results came from and by which plan: `inputs`,
`plan`; `mixed` once a start with others has gone on from them; and `former`, the inputs
of results that a version left which did not note in each what it came from. While
nothing is mixed the record answers alone. After that each checkpoint is asked.
"""

from __future__ import annotations

from dotflow.engine.lineage import read_lineage
from dotflow.errors import InputChangedError
from dotflow.model.fingerprint import same_inputs
from dotflow.types import TypeInputChange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from dotflow.engine.lineage import Lineage
    from dotflow.model.context import Context
    from dotflow.model.options import StartOptions
    from dotflow.model.task import TaskInstance

    Stored = Callable[[TaskInstance], Iterable[Context]]


class Resumption:
    """Compares what a run has left with what is about to start.

    Args:
        found: The record of the run.
        lineage: The tasks, and what they are given now.
        stored: Returns what is stored of a task: its result, or those of its items.
        fingerprint: What stands for the inputs; None to compute it.
    """

    def __init__(
        self,
        found: dict[str, Any],
        lineage: Lineage,
        stored: Stored,
        fingerprint: str | None,
    ) -> None:
        self._found = found
        self._lineage = lineage
        self._stored = stored
        self._mixed = bool(found.get("mixed"))
        self._former = found.get("former")
        if "plan" in found:
            self._same = found["plan"] == lineage.plan and not self._mixed
            self._changed = found["inputs"] != lineage.inputs
        else:
            self._former = found.get("inputs")
            self._changed = not self._is_former(fingerprint)
            self._same = not self._changed
        self._fingerprint = fingerprint

    def may_go_on(self, options: StartOptions, workflow_id: object) -> bool:
        """Say whether to keep results at all, by the policy.

        Raises:
            InputChangedError: They came from something else, and the policy is
                `"raise"`.
        """
        policy = options["on_input_change"]
        if self._same or policy == TypeInputChange.REUSE:
            return True
        moved = None
        if self._mixed or not self._changed:
            self._changed, moved = self._look()
        strict = policy == TypeInputChange.RAISE
        if strict and (self._changed or moved is not None):
            raise InputChangedError(workflow_id, None if self._changed else moved)
        self._same = not self._changed and moved is None
        return not self._changed

    def record(self) -> dict[str, Any]:
        """Return what the record says from now on, where the run goes on."""
        lineage, found = self._lineage, self._found
        record = {"inputs": lineage.inputs, "plan": lineage.plan, "mixed": False}
        if not self._same:
            inputs, plan = found.get("inputs"), found.get("plan", "")
            record = {"inputs": inputs, "plan": plan, "mixed": True}
        if self._former is not None:
            record["former"] = self._former
        return record

    def _look(self) -> tuple[bool, str | None]:
        """Ask the results: did one come from other inputs, or in another place?"""
        lineage, moved = self._lineage, None
        for node, task in enumerate(lineage.graph.tasks):
            for stored in self._stored(task):
                made = read_lineage(stored.lineage)
                if made is None:
                    if self._unknown_changed():
                        return True, None
                elif lineage.changes_input(node, made):
                    return True, None
                elif moved is None and lineage.changes_place(node, made, self._first):
                    moved = task.name
        return False, moved

    def _first(self, task: TaskInstance) -> Context | None:
        return next(iter(self._stored(task)), None)

    def _unknown_changed(self) -> bool:
        """Say whether a result that tells nothing may have come from other inputs."""
        if self._former is not None:
            return not self._is_former(self._fingerprint)
        return self._mixed or self._found["inputs"] != self._lineage.inputs

    def _is_former(self, fingerprint: str | None) -> bool:
        if self._former is None or fingerprint is not None:
            return self._former in (None, fingerprint)
        given = [task.initial for task in self._lineage.graph.tasks]
        values = [None if one is None else one.storage for one in given]
        return same_inputs(self._former, values)


def tell_cut_off(task: TaskInstance) -> None:
    """Say that a task runs again although its result is stored."""
    from dotflow.logging import warn

    warn(
        "Task '%s' runs again, and so does all that follows it: its stored result was made"
        " from other tasks than it depends on now, or in another place.",
        task.name,
    )
