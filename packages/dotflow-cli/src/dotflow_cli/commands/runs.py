"""`dotflow runs`: what ran, newest first."""

from __future__ import annotations

import click

from dotflow_cli.options import examples, history_options, json_option

# As `WorkflowStatus` has them, in the small letters that are typed.
STATUSES = ("completed", "failed", "cancelled", "crashed", "in progress")


@examples(
    "dotflow runs",
    "dotflow runs --status failed --since 7d",
    "dotflow runs --storage sqlite:///runs.db --workflow nightly --json",
)
@click.command("runs")
@history_options
@click.option(
    "--status",
    type=click.Choice([*STATUSES, "running"], case_sensitive=False),
    help="Only runs that ended so, or go on.",
)
@click.option("--workflow", metavar="ID", help="Only runs of this workflow id.")
@click.option(
    "--since", metavar="WHEN", help="Only runs that began since: 24h, 7d, 2026-01-31."
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="The most to list.",
)
@json_option()
def command(
    storage: str | None,
    path: str | None,
    status: str | None,
    workflow: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.moments import read_moment
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.tables import print_table, when

    moment = None if since is None else read_moment(since)
    with usage_errors():
        history = open_history(durable_storage(storage, path))
        wanted = None if status is None else _status(status)
        found = history.runs(wanted, workflow, moment, limit)
    if as_json:
        import json
        from dataclasses import asdict
        from datetime import datetime

        def text(value: object) -> str:
            return value.isoformat() if isinstance(value, datetime) else str(value)

        click.echo(json.dumps([asdict(run) for run in found], default=text, indent=2))
        return
    if not found:
        click.echo("No such runs.", err=True)
        return
    from dotflow.report.gantt import seconds_text

    rows = [
        [
            run.run_id,
            run.workflow_id or "",
            run.status,
            when(run.started),
            "" if run.duration is None else seconds_text(run.duration),
            str(run.tasks),
            run.mode,
        ]
        for run in found
    ]
    headings = ["Run", "Workflow", "Status", "Started", "Time", "Tasks", "Mode"]
    print_table(headings, rows, states="Status")


def _status(text: str) -> str:
    return "In progress" if text.lower() == "running" else text.capitalize()
