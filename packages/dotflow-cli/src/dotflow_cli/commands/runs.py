"""`dotflow runs`: what ran, newest first."""

from __future__ import annotations

import click

from dotflow_cli.options import examples, history_options, json_option, limit_option

# As `WorkflowStatus` has them, in the small letters that are typed.
STATUSES = ("completed", "failed", "cancelled", "crashed", "in progress")


@examples(
    "dotflow runs",
    "dotflow runs --status failed --since 7d",
    "dotflow runs --storage sqlite:///runs.db --workflow nightly --json",
    "dotflow runs --where customer=acme --where 'rows>10'",
)
@click.command("runs")
@history_options
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([*STATUSES, "running"], case_sensitive=False),
    help="Only runs that ended so, or go on. Repeatable.",
)
@click.option(
    "--workflow", metavar="NAME|ID", help="Only runs of this workflow, by name or id."
)
@click.option("--error", metavar="CLASS", help="Only runs with such an error.")
@click.option("--text", help="Only runs with an error or a parameter that says this.")
@click.option(
    "--since", metavar="WHEN", help="Only runs that began since: 24h, 7d, 2026-01-31."
)
@click.option("--until", metavar="WHEN", help="Only runs that began before.")
@click.option("--parent", metavar="RUN", help="Only runs that this run has started.")
@click.option(
    "--tag", "tags", multiple=True, help="Only runs with this tag. Repeatable."
)
@click.option(
    "--where",
    multiple=True,
    metavar="FACT",
    help="Only runs with a fact like this: customer=acme, 'rows>10'. Repeatable; with"
    " = != < <= > >=.",
)
@limit_option(20)
@click.option("--cursor", help="Go on behind another list, which names it.")
@json_option()
def command(
    storage: str | None,
    path: str | None,
    statuses: tuple[str, ...],
    workflow: str | None,
    error: str | None,
    text: str | None,
    since: str | None,
    until: str | None,
    parent: str | None,
    tags: tuple[str, ...],
    where: tuple[str, ...],
    limit: int,
    cursor: str | None,
    as_json: bool,
) -> None:
    """List runs, newest first."""
    import sys

    from dotflow_cli.errors import usage_errors
    from dotflow_cli.lookup import find_id, short_ids
    from dotflow_cli.moments import read_period
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.streams import print_data
    from dotflow_cli.tables import is_terminal, print_table, when

    begin, end = read_period(since, until)
    with usage_errors():
        history = open_history(durable_storage(storage, path))
        found = history.runs(
            [_status(status) for status in statuses],
            since=begin,
            limit=limit,
            workflow=workflow,
            text=text,
            error=error,
            until=end,
            parent=None if parent is None else find_id(history, parent),
            tags=tags,
            where=where,
            cursor=cursor,
        )
    if as_json:
        print_data(found)
        return
    if not found:
        click.echo("No such runs.", err=True)
        return
    from dotflow.report.gantt import seconds_text

    ids = [run.run_id for run in found]
    if is_terminal(sys.stdout):  # for eyes and hands; a program gets them whole
        ids = short_ids(ids)
    rows = [
        [
            run_id,
            run.workflow,
            run.status,
            when(run.started),
            "" if run.duration is None else seconds_text(run.duration),
            str(run.tasks),
            run.mode,
        ]
        for run_id, run in zip(ids, found, strict=True)
    ]
    headings = ["Run", "Workflow", "Status", "Started", "Time", "Tasks", "Mode"]
    print_table(headings, rows, states="Status")
    if found.cursor is not None:
        click.echo(f"There are more: --cursor {found.cursor}", err=True)


def _status(text: str) -> str:
    return "In progress" if text.lower() == "running" else text.capitalize()
