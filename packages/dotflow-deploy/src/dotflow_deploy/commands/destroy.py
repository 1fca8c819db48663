"""`dotflow destroy`: remove what a deployment made, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import examples
from dotflow_deploy.commands.target import deploy_errors, target_options

if TYPE_CHECKING:
    from typing import Unpack

    from dotflow_deploy.commands.target import Target


@examples(
    "dotflow destroy --platform lambda --project shop --dry-run",
    "dotflow destroy --platform lambda --project shop --yes",
)
@click.command("destroy")
@target_options
@click.option("--dry-run", is_flag=True, help="Print what would go and remove nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def command(dry_run: bool, yes: bool, **target: Unpack[Target]) -> None:
    """Remove what `dotflow deploy` made on a platform.

    It asks first. What bears no mark of a deployment of this project stays.
    """
    from dotflow_deploy.commands.opening import open_stack
    from dotflow_deploy.commands.views import print_done, print_plan, show_progress

    with deploy_errors():
        name, stack = open_stack(**target)
        plan = stack.destroy_plan()
        click.echo(f"{name} on {target['platform']}:")
        print_plan(plan)
        if dry_run:
            click.echo("Nothing was removed: this was a dry run.", err=True)
            return
        if all(change.action == "keep" for change in plan):
            return
        if not yes and not click.confirm("Remove them?"):
            click.echo("Nothing was changed.", err=True)
            click.get_current_context().exit(1)
        print_done(stack.destroy(show_progress))
