"""`dotflow destroy`: remove what a deployment made, and nothing else."""

from __future__ import annotations

import click

from dotflow_cli.options import examples
from dotflow_deploy.commands.target import deploy_errors, target_options


@examples(
    "dotflow destroy --platform lambda --project shop --dry-run",
    "dotflow destroy --platform lambda --project shop --yes",
)
@click.command("destroy")
@target_options
@click.option("--dry-run", is_flag=True, help="Print what would go and remove nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def command(
    platform: str,
    project: str | None,
    region: str | None,
    namespace: str | None,
    repository: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Remove what `dotflow deploy` made on a platform.

    It asks first. What bears no mark of a deployment of this project stays.
    """
    from dotflow_deploy.commands.opening import open_stack
    from dotflow_deploy.commands.views import print_done, print_plan, show_progress

    with deploy_errors():
        name, stack = open_stack(
            platform,
            project,
            region=region,
            namespace=namespace,
            repository=repository,
        )
        plan = stack.destroy_plan()
        click.echo(f"{name} on {platform}:")
        print_plan(plan)
        if dry_run:
            click.echo("Nothing was removed: this was a dry run.", err=True)
            return
        if all(change.action == "keep" for change in plan):
            return
        if not yes:
            click.confirm("Remove them?", abort=True)
        print_done(stack.destroy(show_progress))
