"""`dotflow retry RUN`: run again what a run has not completed."""

from __future__ import annotations

from typing import Any

import click

from dotflow_cli.options import (
    examples,
    history_options,
    run_options,
    tag_option,
    workflow_option,
)


@examples(
    "dotflow retry nightly -w shop.workflow:build",
    "dotflow retry 01J2X -w shop.workflow:build --from load",
    "dotflow retry 01J2X -w shop.pipeline:rows -i '{\"day\": 3}'",
)
@click.command("retry")
@click.argument("run")
@workflow_option(required=True)
@history_options
@click.option(
    "-i",
    "--initial-context",
    metavar="JSON|@FILE|-",
    help="What the tasks of a pipeline share, as of `dotflow start`.",
)
@click.option(
    "--from",
    "from_tasks",
    multiple=True,
    metavar="TASK",
    help="Run this task and all after it again, although completed. Repeatable.",
)
@tag_option
@run_options
def command(
    run: str,
    workflow: str,
    params: tuple[str, ...],
    storage: str | None,
    path: str | None,
    initial_context: str | None,
    from_tasks: tuple[str, ...],
    tags: tuple[str, ...],
    **options: Any,
) -> int:
    """Run again what a run has not completed, in a new run.

    RUN is any run: its id or a part of it, the name or id of a workflow (its newest run),
    or latest. What it has completed is kept, and the rest runs; of a run of a Pipeline
    and of one whose workflow id was a random one, too. The checkpoints of a fixed
    workflow id are those of its newest run and of all that it has gone on from; of any
    other run all tasks run again.

    Without --storage the run is looked for in $DOTFLOW_STORAGE, else in the storage of
    dotflow.toml, else in the workflow's own, else in .output/dotflow.db.
    """
    from dotflow import DotFlow
    from dotflow.errors import WorkflowFlagConflict
    from dotflow.serving.factory import as_workflow
    from dotflow.types import StartedBy, WorkflowStatus
    from dotflow_cli import subgraph, targets
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.execute import Request, execute
    from dotflow_cli.lookup import find_run
    from dotflow_cli.resumable import is_of_pipeline, may_go_on
    from dotflow_cli.starting import note_start
    from dotflow_cli.storages import durable_storage, open_history

    named = targets.workflow_or_pipeline(workflow, params)
    # What is in the memory of a process tells nothing of the runs of another.
    own = named.config.storage if isinstance(named, DotFlow) else named.storage
    chosen = durable_storage(storage, path, own=own if own.shared else None)
    with usage_errors():
        history = open_history(chosen)
        report = find_run(history, run)
        run_id = report.run_id
        assert run_id is not None
        if report.status == WorkflowStatus.IN_PROGRESS:
            raise click.ClickException(f"Run {run_id} still goes on.")
        if report.completed and not from_tasks:
            raise click.ClickException(
                f"Run {run_id} has completed: there is nothing to retry. With"
                " --from TASK a task and all after it run again."
            )
        note_start(
            StartedBy.RETRY,
            workflow=report.identity.workflow or workflow,
            params=params,
            initial_context=initial_context,
            tags=tags,
            retry_of=run_id,
        )
        if is_of_pipeline(chosen, run_id):
            from dotflow_cli.pipeline_run import retry_pipeline

            return retry_pipeline(
                named,
                chosen,
                run_id,
                from_tasks,
                initial_context,
                options,
            )
        if initial_context is not None:
            raise WorkflowFlagConflict("--initial-context")
        flow = named if isinstance(named, DotFlow) else as_workflow(named)
        goes_on = may_go_on(chosen, history, report)
        flow.configure(storage=chosen, workflow_id=report.workflow_id)
        request = Request.of(options, resume=goes_on)
        # Where nothing goes on all tasks run again anyway.
        if from_tasks and goes_on:
            subgraph.forget_from(flow, request.mode, from_tasks)
    return execute(flow, request)
