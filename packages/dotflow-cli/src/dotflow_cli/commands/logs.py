"""`dotflow logs [RUN]`: what happened in a run, and what it printed, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import examples, history_options, json_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dotflow.abc.history import HistoryEvent


@examples(
    "dotflow logs",
    "dotflow logs nightly --follow",
    "dotflow logs 01J2X --task load --attempt 2",
)
@click.command("logs")
@click.argument("run", required=False)
@history_options
@click.option("-f", "--follow", is_flag=True, help="Wait for more until the run ends.")
@click.option("-t", "--task", metavar="TASK", help="Only what this task did.")
@click.option(
    "--attempt", type=click.IntRange(min=1), help="Only what this attempt of it did."
)
@json_option("Print a JSON object a line.")
def command(
    run: str | None,
    storage: str | None,
    path: str | None,
    follow: bool,
    task: str | None,
    attempt: int | None,
    as_json: bool,
) -> None:
    """Print the events of a run, by default the newest one, and what its steps printed.

    A line of output names the stream, stdout, stderr or log, and the task. Colours are
    left out, and what would steer a terminal is shown as text.

    Where no history is kept it prints the log file of LogDefault(output="file").
    """
    from dotflow_cli.errors import unknown_task, usage_errors
    from dotflow_cli.lookup import LATEST, find_id
    from dotflow_cli.storages import durable_storage, open_history
    from dotflow_cli.streams import print_json

    try:
        found = durable_storage(storage, path)
    except click.UsageError:
        raise
    except click.ClickException:
        if (
            run is None
            and storage is None
            and not (follow or task or attempt or as_json)
        ):
            _print_file()
            return
        raise
    with usage_errors():
        history = open_history(found)
        run_id = find_id(history, run or LATEST)
        if task is not None:
            names = [one.name for one in history.run(run_id).tasks]
            if task not in names:
                raise unknown_task(task, names)
        told = history.follow if follow else history.events
        events: Iterable[HistoryEvent] = told(run_id, task=task)
        if attempt is not None:
            events = (event for event in events if event.attempt == attempt)
        if as_json:
            for event in events:
                print_json(_json(event))
        else:
            for line in _lines(events, live=follow):
                click.echo(line)


def _lines(events: Iterable[HistoryEvent], live: bool) -> Iterator[str]:
    from dotflow_cli.output_lines import OUTPUT, OutputLines

    output = OutputLines()
    together: list[HistoryEvent] = []  # what was told between two other events
    for event in events:
        if event.event == OUTPUT:
            together.append(event)
            if not live:
                continue
        yield from output.of(together)
        together.clear()
        if event.event != OUTPUT:
            if event.task is not None and event.index is None:
                yield from output.rest(event.task)
            yield _line(event)
    yield from output.of(together)
    yield from output.rest()


def _print_file() -> None:
    from pathlib import Path

    from dotflow.base.arguments import output_folder
    from dotflow_cli.tables import safe_text

    path = Path(output_folder()) / "flow.log"
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise click.ClickException(
            f"Log file not found: {str(path)!r}, and no history either. Runs with"
            " --storage sqlite leave one."
        ) from error
    click.echo(safe_text(text), nl=not text.endswith("\n"))
    click.echo(f"(from {path})", err=True)


def _line(event: HistoryEvent) -> str:
    from dotflow.base.escape import line_text
    from dotflow_cli.output_lines import stamp
    from dotflow_cli.tables import cell

    parts = [
        stamp(event.time),
        event.event.removeprefix("Task") if event.task else event.event,
    ]
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
    elif told := _told(event):
        parts.append(cell(told, 200))
    if detail.get("delay"):
        parts.append(f"again in {detail['delay']:g} s")
    return line_text("  ".join(parts))


def _told(event: HistoryEvent) -> str:
    """Return what a step has told of itself, in short."""
    from dotflow.abc.fact_tests import fact_text
    from dotflow_cli.tables import progress_text

    detail = event.detail
    if event.event == "TaskProgress":
        return progress_text(detail["name"], detail["done"], detail["total"])
    if event.event == "TaskArtifact":
        return f"{detail['name']} ({detail['kind']})"
    if event.event == "FactSet":
        return f"{detail['name']}={fact_text(detail['value'])}"
    return ""


def _json(event: HistoryEvent) -> str:
    import json
    from dataclasses import asdict

    return json.dumps({**asdict(event), "time": event.time.isoformat()}, default=str)
