"""`dotflow cloud`: the platforms there are, and the files that each needs."""

from __future__ import annotations

import click

from dotflow_cli.options import examples, json_option
from dotflow_deploy.commands.compile import command as compile_command
from dotflow_deploy.commands.target import (
    deploy_errors,
    project_option,
    python_option,
    region_option,
    schedule_option,
    workflow_option,
)


@click.group("cloud", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Platforms, and the files that each needs."""
    # Without a subcommand it explains itself, which is no mistake.
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@examples(
    "dotflow cloud list",
    "dotflow cloud list --platform fly-io",
)
@command.command("list")
@click.option("--platform", metavar="NAME", help="Tell all about this one.")
@json_option()
def list_platforms(platform: str | None, as_json: bool) -> None:
    """Show the platforms there are, family by family."""
    import json

    from dotflow_cli.streams import print_json
    from dotflow_deploy.commands.catalogue_view import (
        print_catalogue,
        print_platform,
        to_dict,
    )
    from dotflow_deploy.platforms import find_platform, platforms

    with deploy_errors():
        chosen = [find_platform(platform)] if platform else list(platforms().values())
    if as_json:
        print_json(json.dumps([to_dict(one) for one in chosen], indent=2))
    elif platform:
        print_platform(chosen[0])
    else:
        print_catalogue(chosen)


@examples(
    "dotflow cloud generate --platform docker",
    "dotflow cloud generate --platform kubernetes --schedule '0 6 * * *'",
    "dotflow cloud generate --platform ecs --project shop --region eu-west-1 --output .",
)
@command.command("generate")
@click.option(
    "--platform",
    required=True,
    metavar="NAME",
    help="For which platform; `dotflow cloud list` shows them.",
)
@project_option
@click.option(
    "--output",
    type=click.Path(file_okay=False),
    default=".",
    show_default=True,
    help="The folder to write to; the files are made for the project's own.",
)
@workflow_option
@schedule_option
@region_option
@python_option
@click.option("--force", is_flag=True, help="Replace files that differ.")
@click.option("--keep", is_flag=True, help="Leave files that differ as they are.")
def generate_files(
    platform: str,
    project: str | None,
    output: str,
    workflow: str | None,
    schedule: str | None,
    region: str | None,
    python: str | None,
    force: bool,
    keep: bool,
) -> None:
    """Write the files that a platform needs to run the project in this folder.

    Nothing is overwritten without --force, and nothing at all is written if a file
    stands in the way. It needs no network.
    """
    from pathlib import Path

    from dotflow_deploy.commands.catalogue_view import print_generation
    from dotflow_deploy.commands.target import say
    from dotflow_deploy.generate import generate, schedule_text, write
    from dotflow_deploy.platforms import Request, find_platform
    from dotflow_deploy.project import load_project
    from dotflow_deploy.schedule import Cron

    if force and keep:
        raise click.UsageError("--force and --keep contradict each other.")
    with deploy_errors():
        chosen = find_platform(platform)
        cron = schedule_text(chosen, schedule)
        what = load_project(Path.cwd(), name=project, workflow=workflow, python=python)
        what.check_import(say)
        request = Request(
            what,
            region=region,
            schedule=None if cron is None else Cron.parse(cron),
            echo=say,
        )
        generation = generate(chosen, request)
        folder = Path(output)
        try:
            outcomes = write(folder, generation.files, force=force, keep=keep)
        except OSError as error:
            raise click.ClickException(
                f"{str(error.filename or folder)!r} cannot be written: {error.strerror}."
            ) from error
    print_generation(folder, outcomes, generation.start)
    if cron != schedule:
        click.echo(f"It runs on the schedule {cron!r} (UTC): --schedule changes that.")


command.add_command(compile_command)
