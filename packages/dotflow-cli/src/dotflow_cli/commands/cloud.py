"""`dotflow cloud`: the platforms that a project can be deployed to."""

from __future__ import annotations

import click

from dotflow_cli.extension import DEPLOY


def _help() -> None:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


STANDING_IN = click.Group(
    "cloud",
    help="Platforms, and the files that each needs.",
    commands=[
        DEPLOY.placeholder("list", "Show the platforms there are."),
        DEPLOY.placeholder("generate", "Write the files that a platform needs."),
    ],
    # Without a subcommand it explains itself, which is no mistake.
    invoke_without_command=True,
    callback=_help,
)

command = DEPLOY.command("cloud", STANDING_IN)
