"""`dotflow status`: what of a deployment is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dotflow_cli.options import examples, json_option
from dotflow_deploy.commands.target import deploy_errors, target_options

if TYPE_CHECKING:
    from typing import Unpack

    from dotflow_deploy.commands.target import Target


@examples("dotflow status --platform lambda --project shop")
@click.command("status")
@target_options
@json_option()
def command(as_json: bool, **target: Unpack[Target]) -> None:
    """Show what of a deployment is on a platform.

    It ends with 1 if something is absent. Whether what is there is up to date, `dotflow
    deploy --dry-run` tells.
    """
    import json

    from dotflow_cli.streams import print_json
    from dotflow_deploy.commands.opening import open_stack
    from dotflow_deploy.commands.views import print_outputs, print_states, state_of

    with deploy_errors():
        name, stack = open_stack(**target)
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
        print_json(json.dumps({"resources": found, "outputs": outputs}, indent=2))
    else:
        click.echo(f"{name} on {target['platform']}:")
        print_states(resources)
        print_outputs(outputs)
    if not complete:
        click.get_current_context().exit(1)
