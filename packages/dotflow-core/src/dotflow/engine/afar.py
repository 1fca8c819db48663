"""`AfarResults`: results that stay on the workers of an executor with a `reach`."""

from __future__ import annotations

from functools import partial

from dotflow.abc.around import before_each
from dotflow.base.masking import mask
from dotflow.engine.executors.afar import as_it_lies
from dotflow.errors import StorageError, WorkerDied
from dotflow.model.context import Context
from dotflow.model.expansion import MapOver
from dotflow.model.held import Held, HeldContext
from dotflow.model.outcome import Failure
from dotflow.types import TypeOutcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotflow.engine.checkpoint import Checkpoints
    from dotflow.engine.run_state import RunState
    from dotflow.model.items import ItemKey
    from dotflow.model.outcome import Outcome
    from dotflow.model.task import Attempt, TaskInstance


class AfarResults:
    """Completes tasks whose result stays where it was made.

    It takes part in a run only where the executor is one of a cluster, once that is open.

    Args:
        state: The run.
        checkpoints: What is stored and restored.
    """

    def __init__(self, state: RunState, checkpoints: Checkpoints) -> None:
        self._checkpoints = checkpoints
        self._warned = False
        self._keeps_items = checkpoints.keeps_items()
        state.value_of = as_it_lies
        state.hold = self.hold
        reach = state.executor.reach
        self._errands = None if reach is None else checkpoints.errands(reach)
        if self._errands is not None:
            before_each(state.executor, self._send_along)

    def _send_along(self, attempt: Attempt) -> None:
        task = attempt.task
        mapping = task.expansion
        spills = isinstance(mapping, MapOver) and mapping.spill
        stored = mapping is None or self._keeps_items or spills
        if stored and self._errands is not None:
            attempt.errand = self._errands(task, attempt.node)

    def keep(self, task: TaskInstance, outcome: Outcome) -> Failure | None:
        """Store a result before anything depends on it; see `Checkpoints.keep`."""
        checkpoints, held = self._checkpoints, outcome.value
        if not issubclass(type(held), Held):
            return checkpoints.keep(task, outcome)
        lineages = checkpoints.lineages
        like = Context.of_task(
            None,
            task.task_id,
            task.workflow_id,
            outcome.finished,
            checkpoints.run_id,
            None if lineages is None else lineages[outcome.node],
        )
        self.hold(task, held)
        context = HeldContext.holding(held, like)
        try:
            if not held.stored:
                if not checkpoints.keeps_objects:
                    context.storage  # noqa: B018 - before it is stored: it may be lost
                checkpoints.save(task, context)
        except WorkerDied as error:
            policy = task.step.policy
            return Failure.from_error(error, TypeOutcome.CRASHED, policy.retry_on)
        except StorageError as error:
            return Failure.final(error)
        task.current = context
        task.finished = outcome.finished
        return None

    def hold(self, key: TaskInstance | ItemKey, held: Held) -> None:
        """Take note of a result, or a part of one, that stays where it was made.

        Args:
            key: What a storage makes its key from.
            held: What stands for it.
        """
        held.again = partial(self._read, key)
        if held.problem and not self._warned:
            self._warned = True
            warn_of(type(self._checkpoints.storage).__name__, held.problem)

    def _read(self, key: TaskInstance | ItemKey) -> Any:
        stored = self._checkpoints.load(key)
        if stored is None:
            raise StorageError(
                f"The result of task '{key.name}' was lost with its worker, and the"
                " storage has it no more."
            )
        return stored.storage


def warn_of(storage: str, problem: str) -> None:
    """Say that workers cannot write where they should."""
    from dotflow.logging import logger

    logger.warning(
        "%s could not be written by a worker, results come here to be stored: %s",
        storage,
        mask(problem),
    )
