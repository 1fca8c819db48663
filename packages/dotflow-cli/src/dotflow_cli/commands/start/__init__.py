"""`dotflow start`: run a step or a workflow."""

from __future__ import annotations

import click


@click.command("start")
@click.option("-s", "--step", metavar="MODULE.NAME", help="Run this one step.")
@click.option(
    "-w",
    "--workflow",
    metavar="MODULE:FACTORY",
    help="Run the DotFlow that this function returns.",
)
@click.option(
    "-c", "--callback", metavar="MODULE.NAME", help="Call this after the step."
)
@click.option(
    "-i",
    "--initial-context",
    metavar="JSON",
    help="What the step gets; taken as text if it is not JSON.",
)
@click.option(
    "-o",
    "--storage",
    metavar="NAME|URL",
    help="Where results are kept: default (in memory), file, sqlite, or an address"
    " such as sqlite:///runs.db.",
)
@click.option(
    "-p", "--path", metavar="PATH", help="The folder of `file` or the file of `sqlite`."
)
@click.option(
    "--workflow-id",
    metavar="ID",
    help="Name this run, so that it can be resumed  [env: WORKFLOW_ID].",
)
@click.option(
    "-m",
    "--mode",
    default="sequential",
    show_default=True,
    metavar="MODE",
    help="sequential, sequential_group, background, parallel, or an installed one.",
)
@click.option("--resume", is_flag=True, help="Do not repeat what was completed.")
def command(
    step: str | None,
    workflow: str | None,
    callback: str | None,
    initial_context: str | None,
    storage: str | None,
    path: str | None,
    workflow_id: str | None,
    mode: str,
    resume: bool,
) -> None:
    """Run a step or a workflow, and exit with 1 if a task failed."""
    if (step is None) == (workflow is None):
        raise click.UsageError("Give either --step or --workflow.")

    from dotflow_cli.commands.start.run import from_factory, from_step, run

    if workflow is not None:
        settings = {
            "--callback": callback,
            "--initial-context": initial_context,
            "--storage": storage,
            "--path": path,
            "--workflow-id": workflow_id,
        }
        given = [flag for flag, value in settings.items() if value is not None]
        flow = from_factory(workflow, conflicts=given)
    else:
        assert step is not None
        flow = from_step(
            step,
            callback=callback,
            initial_context=initial_context,
            storage=storage,
            path=path,
            workflow_id=workflow_id,
        )
    run(flow, mode=mode, resume=resume)
