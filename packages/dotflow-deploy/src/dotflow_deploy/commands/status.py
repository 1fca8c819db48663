"""`dotflow status`: what of a deployment is there."""

from __future__ import annotations

import click

from dotflow_cli.options import examples
from dotflow_deploy.commands.target import deploy_errors, target_options


@examples("dotflow status --platform lambda --project shop")
@click.command("status")
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    platform: str,
    project: str | None,
    region: str | None,
    namespace: str | None,
    repository: str | None,
    as_json: bool,
) -> None:
    """Show what of a deployment is on a platform.

    It ends with 1 if something is absent. Whether what is there is up to date, `dotflow
    deploy --dry-run` tells.
    """
    import json

    from dotflow_deploy.commands.opening import open_stack
    from dotflow_deploy.commands.views import print_outputs, print_states, state_of

    with deploy_errors():
        name, stack = open_stack(
            platform,
            project,
            region=region,
            namespace=namespace,
            repository=repository,
        )
        resources = stack.read()
        complete = all(resource.state is not None for resource in resources)
        outputs = stack.outputs() if complete else {}
    if as_json:
        found = [
            {
                "kind": resource.kind,
                "name": resource.name,
                "state": state_of(resource)[0],
            }
            for resource in resources
        ]
        click.echo(json.dumps({"resources": found, "outputs": outputs}, indent=2))
    else:
        click.echo(f"{name} on {platform}:")
        print_states(resources)
        print_outputs(outputs)
    if not complete:
        click.get_current_context().exit(1)
