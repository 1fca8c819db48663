"""`dotflow schedule`: run steps and workflows at the times of cron expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dotflow_cli.options import (
    bounds_options,
    examples,
    given_options,
    mode_option,
    step_options,
    storage_options,
    workflow_option,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@examples(
    'dotflow schedule -s shop.steps.load --cron "*/5 * * * *"',
    'dotflow schedule -w shop.workflow:build --cron "0 6 * * *" \\',
    "    --timezone Europe/Lisbon -o sqlite:///runs.db --workflow-id daily --resume",
    "dotflow schedule --file schedules.toml   where schedules.toml has, for example,",
    "    [[schedule]]",
    '    workflow = "shop.workflow:build"',
    '    cron = "0 6 * * *"',
    "    params = {day = 1}",
    "    [[schedule]]",
    '    step = "shop.steps.load"',
    '    cron = "*/5 * * * *"',
    '    overlap = "queue"',
)
@click.command("schedule")
@workflow_option()
@step_options
@click.option(
    "-f",
    "--file",
    metavar="FILE",
    help="Run the schedules of this TOML file, beside each other.",
)
@click.option(
    "--name",
    "schedule_name",
    metavar="NAME",
    help="What `dotflow schedules` calls it  [default: the workflow id, else what runs].",
)
@click.option(
    "--cron",
    metavar="EXPRESSION",
    help="When: minute hour day month weekday  [default: the workflow's own].",
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
@bounds_options
@click.option(
    "--dry-run", is_flag=True, help="Check everything and show the next runs only."
)
def command(
    file: str | None,
    dry_run: bool,
    **options: Any,
) -> int:
    """Run a step or a workflow again and again; blocks until Ctrl-C.

    Without --cron the scheduler counts that the workflow's own Config has.

    The first Ctrl-C, or SIGTERM, lets a run that goes on end; the second ends it at
    once. Needs "dotflow[scheduler]".

    With a storage on disk or on a server the schedule is listed by `dotflow schedules`,
    which can pause, resume and trigger it from anywhere.

    A file has a [[schedule]] for each, whose keys are named as the options here, with _
    for -, and params is a table. All of it is checked before anything starts.
    """
    _check(file, options)
    from dotflow_cli import schedule_file, schedules
    from dotflow_cli.errors import usage_errors

    new_scheduler = schedule_file.scheduler_class
    if file is None:
        found = [schedules.prepare(schedules.Entry.of(options), new_scheduler)]
    else:
        entries, problems = schedule_file.read_entries(file, new_scheduler)
        found = schedules.prepare_all(entries, new_scheduler, problems)
    for schedule in found:
        schedule.show()
    if dry_run:
        return 0
    code = 0
    if file is not None:
        code = schedules.run_all(found)
    else:
        found[0].connect()
        try:
            with usage_errors():
                found[0].run()
        except SystemExit as error:  # a second SIGTERM
            return error.code if isinstance(error.code, int) else 1
    ended = "The schedule has ended." if file is None else "The schedules have ended."
    click.echo(ended, err=True)
    return code


def _check(file: str | None, options: Mapping[str, Any]) -> None:
    """Refuse options that do not go together."""
    if file is not None:
        # All else is a key in the file.
        if given := given_options(but=("file", "dry_run")):
            raise click.UsageError(
                f"--file excludes {', '.join(given)}: each schedule of the file has keys"
                " for that."
            )
    elif (options["step"] is None) == (options["workflow"] is None):
        raise click.UsageError("Give either --step or --workflow, or --file.")
    elif options["step"] is not None and options["params"]:
        raise click.UsageError("--param needs --workflow.")
    elif options["cron"] is None:
        if options["workflow"] is None:
            raise click.UsageError("Missing option '--cron'.")
        for alone in ("--overlap", "--timezone"):
            if alone in given_options(but=()):
                raise click.UsageError(
                    f"{alone} needs --cron: without it the workflow's own scheduler counts."
                )
