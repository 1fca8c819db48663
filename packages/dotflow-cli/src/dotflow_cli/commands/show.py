"""`dotflow show RUN`: all that is known of a run."""

from __future__ import annotations

import click

from dotflow_cli.options import examples, history_options, json_option


@examples(
    "dotflow show",
    "dotflow show nightly",
    "dotflow show 01J2X --format svg > run.svg",
)
@click.command("show")
@click.argument("run", default="latest")
@history_options
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json", "mermaid", "svg"]),
    default="text",
    show_default=True,
    help="svg is a Gantt chart, mermaid a flowchart.",
)
@json_option("The same as --format json.")
def command(
    run: str, storage: str | None, path: str | None, kind: str, as_json: bool
) -> None:
    """Show a run: tasks, attempts, times, errors, and a chart.

    RUN is its id or a part of it, the id of a workflow (its newest run), or latest.
    """
    import shutil

    from dotflow.report.gantt import seconds_text
    from dotflow_cli.chart import print_chart
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.lookup import find_run
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.summary import print_error, print_tasks, tasks_with_errors
    from dotflow_cli.tables import print_state, safe_text, when

    with usage_errors():
        report = find_run(open_history(durable_storage(storage, path)), run)
    if as_json or kind == "json":
        click.echo(report.to_json(indent=2))
        return
    if kind != "text":
        click.echo(report.to_svg() if kind == "svg" else report.to_mermaid())
        return
    took = "" if report.duration is None else f" in {seconds_text(report.duration)}"
    print_state(report.status, took, err=False)
    facts = {
        "run": report.run_id,
        "workflow": report.workflow_id,
        "name": report.name,
        "mode": report.mode,
        "started": when(report.started),
        "finished": when(report.finished),
        "resumed": report.resumed_from,
    }
    for name, value in facts.items():
        if value:
            click.echo(safe_text(f"{name:<9} {value}"))
    click.echo()
    print_tasks(report.tasks)
    click.echo()
    print_chart(report, shutil.get_terminal_size().columns)
    for task in tasks_with_errors(report):
        click.echo()
        print_error(task, err=False)
