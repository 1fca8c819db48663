"""`dotflow deploy`: bring a project to a platform, and keep it as declared."""

from __future__ import annotations

import click

from dotflow_cli.options import examples, json_option
from dotflow_deploy.commands.target import (
    deploy_errors,
    python_option,
    schedule_option,
    target_options,
    workflow_option,
)


@examples(
    "dotflow deploy --platform lambda --project shop --dry-run",
    "dotflow deploy --platform lambda-scheduled --project shop --schedule '0 6 * * *'",
    "dotflow deploy --platform cloud-run --project shop --env STAGE=prod --env TOKEN",
)
@click.command("deploy")
@target_options
@workflow_option
@schedule_option
@click.option(
    "--env",
    "variables",
    multiple=True,
    metavar="KEY[=VALUE]",
    help="A variable of the runs; without =VALUE the one of this shell. Repeatable.",
)
@click.option(
    "--memory", type=click.IntRange(128), metavar="MIB", help="Memory of a run."
)
@click.option(
    "--timeout",
    type=click.IntRange(1),
    metavar="SECONDS",
    help="Longest time of a run.",
)
@click.option(
    "--builder",
    type=click.Choice(["zip", "docker"]),
    help="How the project is packaged. Default: as the platform needs the least.",
)
@click.option(
    "--image",
    metavar="NAME",
    help="Where the image is pushed, for Kubernetes; with a tag, it is there already.",
)
@click.option("--rebuild", is_flag=True, help="Package it anew even if unchanged.")
@python_option
@click.option("--dry-run", is_flag=True, help="Print the plan and change nothing.")
@json_option("Print the plan as JSON.")
def command(
    platform: str,
    project: str | None,
    region: str | None,
    namespace: str | None,
    repository: str | None,
    workflow: str | None,
    schedule: str | None,
    variables: tuple[str, ...],
    memory: int | None,
    timeout: int | None,
    builder: str | None,
    image: str | None,
    rebuild: bool,
    python: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Deploy a project to a platform.

    Resources are declared: a second time changes nothing, and after a failure the same
    command goes on where it stopped. `dotflow destroy` removes what it made.
    """
    import json
    from pathlib import Path

    from dotflow_cli.streams import print_json
    from dotflow_deploy.commands.target import say, tell_left_out
    from dotflow_deploy.commands.variables import read_variables
    from dotflow_deploy.commands.views import (
        print_done,
        print_outputs,
        print_plan,
        show_progress,
    )
    from dotflow_deploy.deployers import check_options, check_schedule, find_deployer
    from dotflow_deploy.options import MEMORY, TIMEOUT, Options
    from dotflow_deploy.project import load_project

    with deploy_errors():
        deployer = find_deployer(platform)
        check_schedule(platform, schedule)
        options = Options(
            region=region,
            schedule=schedule,
            memory=MEMORY if memory is None else memory,
            timeout=TIMEOUT if timeout is None else timeout,
            builder=builder,
            rebuild=rebuild,
            image=image,
            namespace=namespace,
            repository=repository,
            echo=say,
        )
        check_options(platform, options)
        what = load_project(
            Path.cwd(),
            name=project,
            workflow=workflow,
            env=read_variables(variables),
            python=python,
        )
        what.check_import(say)
        tell_left_out(what.root, whole=dry_run)
        stack = deployer(what, options)
        plan = stack.plan() if dry_run else stack.apply(show_progress)
        outputs = {} if dry_run else stack.outputs()
    if as_json:
        changes = [change.to_dict() for change in plan]
        print_json(json.dumps({"changes": changes, "outputs": outputs}, indent=2))
    elif dry_run:
        click.echo(f"{what.name} on {platform}:")
        print_plan(plan)
        click.echo("Nothing was changed: this was a dry run.", err=True)
    else:
        print_done(plan)
        print_outputs(outputs)
    if plan.conflicts:
        click.get_current_context().exit(1)
