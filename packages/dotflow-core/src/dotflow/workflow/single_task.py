"""`run_task`: one task of a run that a platform's own engine spreads over processes."""

from __future__ import annotations

import os

from dotflow.engine.modes import find_mode
from dotflow.errors import StorageNotDurable
from dotflow.model.options import check_start
from dotflow.types import TypeExecution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uuid import UUID

    from dotflow.abc.executor import ModeChoice
    from dotflow.engine.one_task import OneTaskRun
    from dotflow.workflow.dotflow import DotFlow


def run_task(
    flow: DotFlow,
    name: str,
    run_id: UUID | str,
    *,
    mode: ModeChoice = TypeExecution.SEQUENTIAL,
    keep_going: bool = False,
    limits: dict[str, int] | None = None,
) -> OneTaskRun:
    """Run one attempt of one task, in this process; others run the other tasks.

    What is upstream of the task comes from the storage, where other calls with this
    `run_id` have left it, and so does its own result go there. A task that is completed
    already is not run again. `flow.start(resume=True)` with this id as `workflow_id`
    goes on from there, and a run that `start` began can be gone on with like this.

    It is for an engine that starts the tasks in their order and tries again by itself:
    `retry` of the step does not count here, `timeout` does. The items of a mapped task
    are run, and retried, within the call.

    Args:
        flow: The workflow. Its storage has to be durable; for one in memory that is
            taken which the environment variable `DOTFLOW_STORAGE` names.
        name: The name of the task.
        run_id: What all calls for one run have in common. It becomes the workflow's id.
        mode: As in `start`: what follows what where no task says so. The attempt itself
            always runs in this process.
        keep_going: As in `start`. A task that comes after one without a stored result
            then runs; one that depends on such a task is skipped.
        limits: As in `start`.

    Returns:
        The run: `task` with its state, `status`, `retryable`, `report()`. A failed task
        does not raise.

    Raises:
        StorageNotDurable: No other process could see the result.
        UpstreamNotCompleted: Something upstream has no stored result.
        InvalidTask: There is no task of that name.
        StorageError: The storage failed before the task has begun.
        DotflowError: An argument is wrong, or the tasks form no graph.
    """
    from dotflow.engine.one_task import OneTaskRun

    if not flow.config.storage.persistent and os.environ.get("DOTFLOW_STORAGE"):
        from dotflow.config.config import Config

        flow.configure(storage=Config.from_env().storage)
    if not flow.config.storage.persistent:
        raise StorageNotDurable(type(flow.config.storage).__name__)
    options = check_start({"keep_going": keep_going, "limits": limits})
    flow.configure(workflow_id=run_id)
    # Copies: the state of the workflow's own tasks is that of its `start`.
    tasks = [task.copy() for task in flow.task.queue]
    run = OneTaskRun(tasks, name, find_mode(mode, tasks), flow.origin, options)
    run.execute()
    return run
