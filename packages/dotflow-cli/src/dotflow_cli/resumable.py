"""Whether a run can be reached by an id, from another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow.engine.checkpoint import RunCheckpoints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotflow.abc.history import History, RunSummary
    from dotflow.abc.storage import Storage
    from dotflow.report.model import RunReport

# How many runs back one may be that newer ones have gone on from.
_NEWER = 100


def may_go_on(storage: Storage, history: History, report: RunReport) -> bool:
    """Say whether a run left checkpoints that are still its own, and see that they count.

    Args:
        storage: Where the run keeps its checkpoints.
        history: Where it is.
        report: The run.
    """
    workflow_id = report.workflow_id
    if workflow_id is None:
        return False
    run_id = report.run_id
    newer = history.runs(workflow_id=workflow_id, limit=_NEWER)
    if newer and run_id not in _line_of(newer):
        click.echo(
            f"Run {run_id} is not the newest of workflow {workflow_id!r}: its"
            f" checkpoints belong to {newer[0].run_id} now, so all its tasks run again.",
            err=True,
        )
        return False
    if RunCheckpoints(storage, workflow_id, True).adopt(report.run_id or ""):
        return True
    click.echo(f"Run {report.run_id} left no checkpoints: all its tasks run.", err=True)
    return False


def _line_of(newer: Sequence[RunSummary]) -> set[str]:
    """Return the newest of some runs, and those whose checkpoints it has gone on with."""
    line, of = set[str](), newer[0].run_id
    for run in newer:
        if run.run_id == of:
            line.add(of)
            if run.resumed_from is None:
                break
            of = run.resumed_from
    return line


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
