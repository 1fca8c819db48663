"""`dotflow schedule`: run a step or a workflow at the times of a cron expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import (
    examples,
    mode_option,
    step_options,
    storage_options,
    workflow_option,
)

if TYPE_CHECKING:
    from dotflow import DotFlow


@examples(
    'dotflow schedule -s shop.steps.load --cron "*/5 * * * *"',
    'dotflow schedule -w shop.workflow:build --cron "0 6 * * *" \\',
    "    --timezone Europe/Lisbon -o sqlite:///runs.db --workflow-id daily --resume",
)
@click.command("schedule")
@workflow_option()
@step_options
@click.option(
    "--cron",
    required=True,
    metavar="EXPRESSION",
    help="When: minute hour day month weekday.",
)
@click.option(
    "--overlap",
    type=click.Choice(["skip", "queue", "parallel"]),
    default="skip",
    show_default=True,
    help="What becomes of a tick while a run goes on.",
)
@click.option(
    "--timezone", metavar="NAME", help="The zone of the times, as Europe/Lisbon."
)
@storage_options
@click.option(
    "--workflow-id",
    metavar="ID",
    help="Name the runs, so that they can be resumed  [env: WORKFLOW_ID].",
)
@click.option(
    "--resume",
    is_flag=True,
    help="A tick goes on with a run that did not complete.",
)
@mode_option
@click.option(
    "--dry-run", is_flag=True, help="Check everything and show the next runs only."
)
def command(
    workflow: str | None,
    params: tuple[str, ...],
    step: str | None,
    callback: str | None,
    initial_context: str | None,
    cron: str,
    overlap: str,
    timezone: str | None,
    storage: str | None,
    path: str | None,
    workflow_id: str | None,
    resume: bool,
    mode: str,
    dry_run: bool,
) -> None:
    """Run a step or a workflow again and again; blocks until Ctrl-C.

    The first Ctrl-C, or SIGTERM, lets a run that goes on end; the second ends it at
    once. Needs "dotflow[scheduler]".
    """
    if (step is None) == (workflow is None):
        raise click.UsageError("Give either --step or --workflow.")
    if step is not None and params:
        raise click.UsageError("--param needs --workflow.")

    from dotflow.providers.registry import load_provider
    from dotflow_cli import targets
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.execute import quiet_default_log, tell_lines
    from dotflow_cli.storages import open_storage

    with usage_errors():
        scheduler = load_provider("SchedulerCron")(cron, overlap, timezone)
        chosen = open_storage(storage, path)
        if workflow is not None:
            flow = targets.workflow(
                workflow, params, initial_context=initial_context, callback=callback
            )
        else:
            assert step is not None
            flow = targets.step_flow(step, callback, initial_context)
        flow.configure(
            storage=chosen, workflow_id=workflow_id or _default_id(flow, resume, step)
        )
        flow.graph(mode)  # which fails now rather than at every tick
        for moment in scheduler.next_run_times(3):
            click.echo(f"Next run: {moment:%Y-%m-%d %H:%M:%S %Z}".rstrip(), err=True)
        if dry_run:
            return
        quiet_default_log(flow)
        tell_lines(flow)
        flow.config.scheduler = scheduler
        flow.schedule(mode=mode, resume=resume)
    click.echo("The schedule has ended.", err=True)


def _default_id(flow: DotFlow, resume: bool, step: str | None) -> str | None:
    """Return an id for a step that is to be resumed and was given none.

    In dotflow 1.x `schedule --step … --resume` needed no id; the step's own name
    is the same at every tick and after a restart.
    """
    if not resume or step is None or flow._has_fixed_id:
        return None
    from dotflow.core.identity import quote_name

    return "step-" + quote_name(step.replace("/", ".")).replace("%", "-").replace(
        "..", "."
    )
