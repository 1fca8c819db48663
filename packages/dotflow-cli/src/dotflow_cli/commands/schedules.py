"""`dotflow schedules`: what runs when, in whatever process, and pausing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import examples, history_options, json_option

if TYPE_CHECKING:
    from dotflow.history.schedules import ScheduleReport, Schedules


@examples(
    "dotflow schedules --storage sqlite:///runs.db",
    "dotflow schedules pause nightly",
    "dotflow schedules trigger nightly",
    "dotflow schedules --check || page-somebody",
)
@click.group("schedules", invoke_without_command=True)
@history_options
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 1 where a run was missed, or a schedule's process has crashed.",
)
@json_option()
@click.pass_context
def command(
    ctx: click.Context,
    storage: str | None,
    path: str | None,
    check: bool,
    as_json: bool,
) -> int:
    """List the schedules of a storage, and pause, resume or trigger one.

    A schedule registers itself when `dotflow schedule`, or DotFlow.schedule, begins, in
    its workflow's storage: one on disk or on a server.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    from dotflow.types import ScheduleStatus
    from dotflow_cli.errors import usage_errors

    with usage_errors():
        found = _schedules(storage, path).all()
    if as_json:
        from dotflow_cli.streams import print_data

        print_data(found)
    elif found:
        _print(found)
    else:
        click.echo("No schedules.", err=True)
    late = (ScheduleStatus.MISSED, ScheduleStatus.CRASHED)
    return 1 if check and any(one.status in late for one in found) else 0


@command.command("pause")
@click.argument("name")
@history_options
def pause_command(name: str, storage: str | None, path: str | None) -> None:
    """Let no run of a schedule begin, in no process, until it is resumed."""
    _ask("pause", name, storage, path, "Paused {}. Runs that go on do so.")


@command.command("resume")
@click.argument("name")
@history_options
def resume_command(name: str, storage: str | None, path: str | None) -> None:
    """Let the runs of a paused schedule begin again, from its next time on."""
    _ask("resume", name, storage, path, "Resumed {}.")


@command.command("trigger")
@click.argument("name")
@history_options
def trigger_command(name: str, storage: str | None, path: str | None) -> None:
    """Begin a run of a schedule now, in its process, also while it is paused."""
    _ask("trigger", name, storage, path, "Asked the process of {} for a run.")


@command.command("forget")
@click.argument("name")
@history_options
def forget_command(name: str, storage: str | None, path: str | None) -> None:
    """Remove a schedule that no process runs any more from the list."""
    _ask("forget", name, storage, path, "Forgot {}.")


def _ask(
    what: str, name: str, storage: str | None, path: str | None, done: str
) -> None:
    from dotflow.base.escape import line_text
    from dotflow_cli.errors import usage_errors

    # Options may stand before the word, too: `dotflow schedules -o … pause nightly`.
    parent = click.get_current_context().parent
    given = {} if parent is None else parent.params
    with usage_errors():
        found = _schedules(storage or given.get("storage"), path or given.get("path"))
        getattr(found, what)(name)
    click.echo(done.format(line_text(name)), err=True)


def _schedules(storage: str | None, path: str | None) -> Schedules:
    from dotflow.history.schedules import Schedules
    from dotflow_cli.storages import durable_storage

    return Schedules(durable_storage(storage, path, "schedule"))


def _print(found: list[ScheduleReport]) -> None:
    from dotflow_cli.tables import print_table, when

    rows = [
        [
            one.name,
            one.status,
            one.cron or "",
            one.timezone or "",
            when(one.next_times[0]) if one.next_times else "",
            "" if one.last is None else f"{one.last.status} {when(one.last.started)}",
            str(len(one.missed) or ""),
            f"{one.pid} on {one.host}",
        ]
        for one in found
    ]
    headings = ["Name", "Status", "Cron", "Zone", "Next", "Last", "Missed", "Process"]
    print_table(headings, rows, states="Status")
