"""Whether a run can be reached by an id, from another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow.engine.checkpoint import RunCheckpoints
from dotflow.types import WorkflowStatus

if TYPE_CHECKING:
    from dotflow.abc.history import History
    from dotflow.abc.storage import Storage
    from dotflow.report.model import RunReport


def refuse_beside_another(history: History, report: RunReport) -> None:
    """Refuse to delete checkpoints of a workflow while a run of it goes on.

    Args:
        history: Where the runs are.
        report: The run that is to be tried again.

    Raises:
        ClickException: Another run of its workflow goes on.
    """
    newest = history.runs(workflow_id=report.workflow_id, limit=1)
    if newest and newest[0].status == WorkflowStatus.IN_PROGRESS:
        raise click.ClickException(
            f"Run {newest[0].run_id} of the same workflow goes on: --from deletes results"
            " that it may need. Wait for it, or cancel it."
        )


def id_of_step(step: str) -> str:
    """Return the id of the runs of one step that are to be resumed, and were given none.

    In dotflow 1.x `--step … --resume` needed no id. The step's own name is the same in
    each process, and at each tick of a schedule.

    Args:
        step: Where the step is, as the user wrote it.
    """
    from dotflow.base.identity import quote_name

    name = quote_name(step.replace("/", ".")).replace("%", "-")
    return "step-" + name.replace("..", ".")


def has_checkpoints(storage: Storage, workflow_id: str) -> bool:
    """Say whether a run with this fixed workflow id has begun.

    Args:
        storage: Where it keeps its checkpoints.
        workflow_id: The id.
    """
    # Only a workflow with a fixed id leaves a record of its run.
    return RunCheckpoints(storage, workflow_id, True).begun()


def cancel_id(storage: Storage, report: RunReport) -> str:
    """Return the id by which a run that goes on is asked to end.

    Args:
        storage: Where it reads such requests.
        report: The run.

    Raises:
        ClickException: It reads none.
    """
    run_id, workflow_id = report.run_id or "", report.workflow_id
    if is_of_pipeline(storage, run_id) or workflow_id is None:
        return run_id
    if has_checkpoints(storage, workflow_id):
        return workflow_id
    if not storage.shared:  # where each look costs
        raise click.ClickException(
            f"Run {run_id} has a random workflow id, and of such a run in a"
            f" {type(storage).__name__} nobody looks for requests: start it with"
            " --workflow-id."
        )
    return run_id


def is_of_pipeline(storage: Storage, run_id: str) -> bool:
    """Say whether a storage has recorded this run of a `Pipeline`.

    Args:
        storage: The storage.
        run_id: The run.
    """
    from dotflow.pipeline.services import default_state_store
    from dotflow.pipeline.state_storage import StorageCannotKeepRuns

    try:
        store = default_state_store(storage)
    except StorageCannotKeepRuns:
        return False
    try:
        store.get_run(run_id)
    except KeyError:
        return False
    finally:
        store.close()
    return True
