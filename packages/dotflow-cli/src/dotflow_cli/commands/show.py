"""`dotflow show RUN`: all that is known of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import examples, format_option, history_options, json_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotflow.abc.history import RunIdentity
    from dotflow.report.model import TaskReport


@examples(
    "dotflow show",
    "dotflow show nightly",
    "dotflow show 01J2X --format svg > run.svg",
    "dotflow show nightly --artifacts --export left/",
)
@click.command("show")
@click.argument("run", default="latest")
@history_options
@format_option(
    ("text", "json", "mermaid", "svg"),
    "svg is a Gantt chart, mermaid a flowchart.",
)
@click.option("--values", is_flag=True, help="Show what its tasks were given and left.")
@click.option("--artifacts", is_flag=True, help="Show what its steps have left.")
@click.option(
    "--export",
    "folder",
    metavar="FOLDER",
    help="Write what its steps have left to files in a new folder.",
)
@json_option("The same as --format json.")
def command(
    run: str,
    storage: str | None,
    path: str | None,
    kind: str,
    values: bool,
    artifacts: bool,
    folder: str | None,
    as_json: bool,
) -> None:
    """Show a run: tasks, attempts, times, errors, and a chart; or its artifacts.

    RUN is its id or a part of it, the name or id of a workflow (its newest run), or
    latest.
    """
    import shutil

    from dotflow.abc.fact_tests import fact_text
    from dotflow.base.escape import line_text
    from dotflow.report.gantt import seconds_text
    from dotflow_cli.chart import print_chart
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.lookup import find_run
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.streams import print_json
    from dotflow_cli.summary import print_error, print_tasks, tasks_with_errors
    from dotflow_cli.tables import print_state, when

    with usage_errors():
        history = open_history(durable_storage(storage, path))
        report = find_run(history, run)
    if artifacts or folder is not None:
        from dotflow_cli.artifacts import show_artifacts

        with usage_errors():
            show_artifacts(history, report.run_id or "", folder, as_json)
        return
    if as_json or kind == "json":
        print_json(report.to_json(indent=2))
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
        "by": _started(report.identity),
        "parent": report.identity.parent,
        "retry of": report.identity.retry_of,
        "where": _place(report.identity),
        "commit": report.identity.commit,
        "tags": ", ".join(report.identity.tags),
    }
    for name, value in facts.items():
        if value:
            click.echo(line_text(f"{name:<9} {value}"))
    for name, value in report.identity.params.items():
        click.echo(line_text(f"{'param':<9} {name}={value}"))
    for name, fact in report.facts.items():
        click.echo(line_text(f"{'fact':<9} {name}={fact_text(fact)}"))
    click.echo()
    print_tasks(report.tasks)
    click.echo()
    print_chart(report, shutil.get_terminal_size().columns)
    if values:
        click.echo()
        for task in report.tasks:
            for line in _values(task):
                click.echo(line_text(line))
    for task in tasks_with_errors(report):
        click.echo()
        print_error(task, err=False)


def _started(identity: RunIdentity) -> str:
    return f"{identity.started_by}: {identity.command}".strip(": ")


def _place(identity: RunIdentity) -> str:
    place = f"{identity.user}@{identity.host}" if identity.user else identity.host
    return f"{place} pid {identity.pid} {identity.cwd}" if identity.pid else ""


def _values(task: TaskReport) -> Iterator[str]:
    """Yield lines that tell what attempts were given, and what the task left."""
    for attempt in task.attempts:
        number = f"#{attempt.number}" if len(task.attempts) > 1 else ""
        for name in ("initial", "input"):
            value = getattr(attempt, name)
            if value is not None:
                yield f"{task.name}{number} {name:<7} {value}"
    if task.result is not None and task.result.preview is not None:
        size = "" if task.result.size is None else f", {task.result.size} items"
        told = f"({task.result.type}{size})"
        yield f"{task.name} result  {task.result.preview} {told}"
