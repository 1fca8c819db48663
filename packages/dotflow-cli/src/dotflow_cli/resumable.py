"""Whether a run can be reached by an id, from another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow.engine.checkpoint import RunCheckpoints

if TYPE_CHECKING:
    from dotflow.abc.storage import Storage
    from dotflow.report.model import RunReport


def require_fixed_id(storage: Storage, report: RunReport) -> str:
    """Return the workflow id of a run.

    Args:
        storage: Where the run keeps its checkpoints.
        report: The run.

    Raises:
        ClickException: The id was a random one, which no other process can know.
    """
    workflow_id = report.workflow_id
    if workflow_id is None or not has_checkpoints(storage, workflow_id):
        raise click.ClickException(
            f"Run {report.run_id} had no fixed workflow id, so it can be neither resumed"
            " nor cancelled from outside: start it with --workflow-id."
        )
    return workflow_id


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
        ClickException: It is of a workflow with a random id, which reads none.
    """
    run_id = report.run_id
    if run_id is not None and _is_of_pipeline(storage, run_id):
        return run_id
    return require_fixed_id(storage, report)


def _is_of_pipeline(storage: Storage, run_id: str) -> bool:
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
