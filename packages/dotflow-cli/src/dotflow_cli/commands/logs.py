"""`dotflow logs [RUN]`: what happened in a run, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import examples, history_options, json_option

if TYPE_CHECKING:
    from dotflow.abc.history import HistoryEvent


@examples(
    "dotflow logs",
    "dotflow logs nightly --follow",
    "dotflow logs 01J2X --task load --json",
)
@click.command("logs")
@click.argument("run", required=False)
@history_options
@click.option("-f", "--follow", is_flag=True, help="Wait for more until the run ends.")
@click.option("-t", "--task", metavar="TASK", help="Only what this task did.")
@json_option("Print a JSON object a line.")
def command(
    run: str | None,
    storage: str | None,
    path: str | None,
    follow: bool,
    task: str | None,
    as_json: bool,
) -> None:
    """Print the events of a run, by default the newest one.

    Where no history is kept it prints the log file of LogDefault(output="file").
    """
    from dotflow_cli.errors import usage_errors
    from dotflow_cli.lookup import LATEST, find_id
    from dotflow_cli.storages import durable_storage, open_history

    try:
        found = durable_storage(storage, path)
    except click.UsageError:
        raise
    except click.ClickException:
        if run is None and storage is None and not (follow or task or as_json):
            _print_file()
            return
        raise
    with usage_errors():
        history = open_history(found)
        run_id = find_id(history, run or LATEST)
        events = history.follow(run_id) if follow else history.events(run_id)
        for event in events:
            if task is None or event.task == task:
                click.echo(_json(event) if as_json else _line(event))


def _print_file() -> None:
    import os
    from pathlib import Path

    path = Path(os.environ.get("DOTFLOW_OUTPUT_PATH") or ".output") / "flow.log"
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise click.ClickException(
            f"Log file not found: {str(path)!r}, and no history either. Runs with"
            " --storage sqlite leave one."
        ) from error
    click.echo(text, nl=not text.endswith("\n"))
    click.echo(f"(from {path})", err=True)


def _line(event: HistoryEvent) -> str:
    from dotflow_cli.tables import cell, safe_text

    stamp = event.time.astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    parts = [stamp, event.event.removeprefix("Task") if event.task else event.event]
    if event.task is not None:
        item = "" if event.index is None else f"[{event.index}]"
        parts.append(f"{event.task}{item}")
    if event.attempt and event.attempt > 1:
        parts.append(f"attempt {event.attempt}")
    detail = event.detail
    if "exception" in detail:
        parts.append(f"{detail['exception']}: {cell(str(detail['message']), 200)}")
    elif detail.get("reason"):
        parts.append(cell(str(detail["reason"]), 200))
    if detail.get("delay"):
        parts.append(f"again in {detail['delay']:g} s")
    return safe_text("  ".join(parts))


def _json(event: HistoryEvent) -> str:
    import json
    from dataclasses import asdict

    return json.dumps({**asdict(event), "time": event.time.isoformat()}, default=str)
