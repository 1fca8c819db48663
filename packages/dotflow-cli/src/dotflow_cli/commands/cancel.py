"""`dotflow cancel`: end a run that goes on in another process."""

from __future__ import annotations

import click

from dotflow_cli.options import examples, history_options


@examples(
    "dotflow cancel nightly",
    'dotflow cancel 01J2X --reason "wrong input"',
)
@click.command("cancel")
@click.argument("run")
@history_options
@click.option(
    "--reason",
    default="it was cancelled by `dotflow cancel`",
    metavar="TEXT",
    help="What the tasks will say.",
)
def command(run: str, storage: str | None, path: str | None, reason: str) -> None:
    """End a run that goes on in another process.

    RUN is its id or a part of it, or the name or id of its workflow. The process ends it
    within a second, or a few where its storage is a bucket; what is completed is kept. It
    needs a storage that other processes see.
    """
    from dotflow.base.identity import check_workflow_id
    from dotflow.engine.control import CancelRequests
    from dotflow.types import WorkflowStatus
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.lookup import find_run
    from dotflow_cli.resumable import cancel_id, has_checkpoints
    from dotflow_cli.storages import durable_storage

    found = durable_storage(storage, path)
    with usage_errors():
        if CancelRequests.of(found, run) is None:
            raise click.UsageError(
                f"{type(found).__name__} is not shared by processes: nobody would read"
                " the request. Use --storage sqlite or file."
            )
        history = found.history
        if history is not None:
            report = find_run(history, run)
            if report.status != WorkflowStatus.IN_PROGRESS:
                raise click.ClickException(
                    f"Run {report.run_id} does not go on: {report.status.lower()}."
                )
            target = cancel_id(found, report)
        else:
            target = str(check_workflow_id(run))
            if not has_checkpoints(found, target):
                raise click.ClickException(f"There is no workflow {run!r}.")
        CancelRequests(found, target).post(reason)
    click.echo(f"Asked {target} to end.", err=True)
