"""`dotflow start`: run a step or a workflow."""

from __future__ import annotations

from typing import Any

import click

from dotflow_cli.options import (
    examples,
    given_options,
    run_options,
    step_options,
    storage_options,
    tag_option,
    workflow_option,
)


@examples(
    "dotflow start -w shop.workflow:build",
    "dotflow start -w flow.py:build --param day=2026-01-31 --mode parallel",
    "dotflow start -w shop.workflow:build -o sqlite:///runs.db \\",
    "    --workflow-id nightly --resume",
    "dotflow start -s shop.steps.load -i '{\"rows\": 3}'",
    "dotflow start -w shop.workflow:build --dry-run",
    "dotflow start -w shop.workflow:build --task load --run-id 42",
)
@click.command("start")
@workflow_option()
@step_options
@storage_options
@click.option(
    "--workflow-id",
    metavar="ID",
    help="Name this run, so that it can be resumed  [env: WORKFLOW_ID].",
)
@click.option("--resume", is_flag=True, help="Do not repeat what was completed.")
@click.option(
    "--only",
    multiple=True,
    metavar="TASK",
    help="Run this task and what it depends on. Repeatable.",
)
@click.option(
    "--from",
    "from_tasks",
    multiple=True,
    metavar="TASK",
    help="Resume, but run this task and all after it again. Repeatable.",
)
@click.option(
    "--task",
    "task_name",
    metavar="TASK",
    help="Run one attempt of this task alone; others run the other tasks.",
)
@click.option(
    "--run-id",
    metavar="ID",
    help="With --task: what all processes of one run have in common.",
)
@tag_option
@click.option("--dry-run", is_flag=True, help="Check and draw the graph; run nothing.")
@run_options
def command(
    workflow: str | None,
    params: tuple[str, ...],
    step: str | None,
    callback: str | None,
    initial_context: str | None,
    storage: str | None,
    path: str | None,
    workflow_id: str | None,
    resume: bool,
    only: tuple[str, ...],
    from_tasks: tuple[str, ...],
    task_name: str | None,
    run_id: str | None,
    tags: tuple[str, ...],
    dry_run: bool,
    **options: Any,
) -> int:
    """Run a step or a workflow, and exit with 1 if a task failed.

    What is given here wins over what the workflow says of itself.

    It exits with 0 where every task completed, 1 where one failed, 2 on wrong usage,
    130 after Ctrl-C, and 141 once nobody reads its output, as after `| head`.

    With --task and --run-id it is one step of a run that an engine such as Argo
    Workflows spreads over machines. Results pass through the storage, a task that is
    completed already is not run again, and it exits with 3 where a task failed and
    another attempt cannot help.
    """
    if (step is None) == (workflow is None):
        raise click.UsageError("Give either --step or --workflow.")
    if step is not None and params:
        raise click.UsageError("--param needs --workflow.")

    if (task_name is None) != (run_id is None):
        raise click.UsageError("--task and --run-id need each other.")
    bounds = (options["deadline"], options["max_parallel"])
    if task_name is not None and any(
        (step, workflow_id, resume, only, from_tasks, dry_run, *bounds)
    ):
        raise click.UsageError(
            "--task runs one task of a --workflow: of the other options it takes --run-id,"
            " --param, --storage, --path, --mode, --keep-going, --progress and --json."
        )

    from dotflow.serving.factory import started_itself
    from dotflow.types import StartedBy
    from dotflow_cli import subgraph, targets
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.execute import Request, execute
    from dotflow_cli.starting import note_start

    note_start(
        StartedBy.COMMAND,
        workflow=workflow or step,
        params=params,
        initial_context=initial_context,
        tags=tags,
    )
    resume = resume or bool(from_tasks)
    request = Request.of(options, resume=resume)
    flow = targets.prepared(
        workflow=workflow,
        step=step,
        params=params,
        callback=callback,
        initial_context=initial_context,
        storage=storage,
        path=path,
        workflow_id=workflow_id,
        resume=resume,
        # What is to run nothing, or a part, must not find that all of it has run.
        may_start=not (dry_run or only or from_tasks or task_name),
    )
    if task_name is not None and run_id is not None:
        from dotflow_cli.one_task import execute_task

        return execute_task(flow, task_name, run_id, request)
    if flow.factory_run is not None:
        lost = given_options(but=("workflow", "params", "progress", "as_json"))
        click.echo(started_itself(str(workflow), " and ".join(lost)), err=True)
        return execute(flow, request)
    with usage_errors():
        if only:
            subgraph.keep_only(flow, request.mode, only)
        if dry_run:
            subgraph.draw(flow, request.mode, resume, request.as_json)
            return 0
        if from_tasks:
            subgraph.forget_from(flow, request.mode, from_tasks)
    return execute(flow, request)
