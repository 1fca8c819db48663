"""`dotflow retry RUN`: run again what a run has not completed."""

from __future__ import annotations

from typing import Any

import click

from dotflow_cli.options import examples, history_options, run_options, workflow_option


@examples(
    "dotflow retry nightly -w shop.workflow:build",
    "dotflow retry 01J2X -w shop.workflow:build --from load",
)
@click.command("retry")
@click.argument("run")
@workflow_option(required=True)
@history_options
@click.option(
    "--from",
    "from_tasks",
    multiple=True,
    metavar="TASK",
    help="Run this task and all after it again, although completed. Repeatable.",
)
@run_options
def command(
    run: str,
    workflow: str,
    params: tuple[str, ...],
    storage: str | None,
    path: str | None,
    from_tasks: tuple[str, ...],
    **options: Any,
) -> int:
    """Resume a run: what it has completed is kept, the rest runs.

    Only the newest run of a workflow id has checkpoints to go on from.
    """
    from dotflow.types import WorkflowStatus
    from dotflow_cli import subgraph, targets
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.execute import Request, execute
    from dotflow_cli.lookup import find_run
    from dotflow_cli.resumable import require_fixed_id
    from dotflow_cli.storages import durable_storage, open_history

    chosen = durable_storage(storage, path)
    with usage_errors():
        history = open_history(chosen)
        report = find_run(history, run)
        workflow_id = require_fixed_id(chosen, report)
        newest = history.runs(workflow_id=workflow_id, limit=1)
        if newest and newest[0].run_id != report.run_id:
            raise click.ClickException(
                f"Run {report.run_id} is not the newest of workflow {workflow_id!r}: its"
                f" checkpoints belong to {newest[0].run_id} now. Retry that one."
            )
        if report.status == WorkflowStatus.IN_PROGRESS:
            raise click.ClickException(f"Run {report.run_id} still goes on.")
        if report.completed and not from_tasks:
            raise click.ClickException(
                f"Run {report.run_id} has completed: there is nothing to retry. With"
                " --from TASK a task and all after it run again."
            )
        flow = targets.workflow(workflow, params)
        flow.configure(storage=chosen, workflow_id=workflow_id)
        request = Request.of(options, resume=True)
        if from_tasks:
            subgraph.forget_from(flow, request.mode, from_tasks)
    return execute(flow, request)
