"""`dotflow cloud compile`: a workflow's graph for a platform's own engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dotflow_cli.options import (
    examples,
    keep_going_option,
    mode_option,
    workflow_option,
)
from dotflow_deploy.commands.target import deploy_errors

if TYPE_CHECKING:
    from dotflow_deploy.compile import Plan
    from dotflow_deploy.project import Project

TARGETS: Final = {
    "asl": "Step Functions",
    "google-workflows": "Google Workflows",
    "argo": "Argo Workflows",
    "github-actions": "GitHub Actions",
}
"""The engines, by their names in `--to`."""

# Their steps are calls of a handler, and no command lines.
_WITH_INPUT: Final = ("asl", "google-workflows")


@examples(
    "dotflow cloud compile --to asl -w shop.workflow:build -o shop.asl.json",
    "dotflow cloud compile --to argo -w shop.workflow:build --image shop:1 \\",
    "    | kubectl create -f -",
)
@click.command("compile")
@click.option(
    "--to",
    "target",
    required=True,
    type=click.Choice(list(TARGETS)),
    help="The engine.",
)
@workflow_option(required=True)
@mode_option
@keep_going_option
@click.option(
    "--project",
    metavar="NAME",
    help="What it is named after. Default: the name of the project in this folder.",
)
@click.option(
    "--function",
    metavar="ARN",
    help="asl: the Lambda function that runs one task. Default: ${TaskFunctionArn}, for"
    " DefinitionSubstitutions of CloudFormation.",
)
@click.option(
    "--url",
    metavar="URL",
    help="google-workflows: the service that runs one task. Default: the variable"
    " DOTFLOW_TASK_URL of the workflow.",
)
@click.option(
    "--image",
    metavar="IMAGE",
    help="argo: the project's image. Default: the project's name.",
)
@click.option(
    "--volume",
    metavar="CLAIM",
    help="argo: a claim of a volume that all pods can write, for results in files.",
)
@click.option(
    "--schedule",
    metavar="CRON",
    help="github-actions: when it runs, in five fields, UTC.",
)
@click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME",
    help="github-actions: a secret that tasks get as a variable of that name, beside"
    " DOTFLOW_STORAGE. Repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write it. Default: standard output.",
)
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
def command(
    target: str,
    workflow: str,
    params: tuple[str, ...],
    output: Path | None,
    force: bool,
    **options: Any,
) -> None:
    """Compile a workflow: a step of the platform's own engine for each task.

    The function that returns the workflow is called for it; none of its tasks is run.
    Each step runs `dotflow start --task`, or a handler that does the same, and results
    pass through the workflow's storage, which all steps have to reach.
    """
    from dotflow_cli.targets import workflow as load_workflow
    from dotflow_deploy.compile.storage import plan_for

    if output is not None and output.exists() and not force:
        raise click.UsageError(f"{output} is there already: --force replaces it.")
    if params and target in _WITH_INPUT:
        raise click.UsageError(
            f"--param does not reach the steps on {TARGETS[target]}: there the function"
            " that returns the workflow gets the `input` of an execution. Give it as"
            " that, and compile without --param."
        )
    flow = load_workflow(workflow, params)
    with deploy_errors():
        plan = plan_for(
            flow,
            TARGETS[target],
            mode=options["mode"],
            keep_going=options["keep_going"],
            shared_disk=bool(options["volume"]),
        )
        plan = replace(plan, params=params)
        text = _text(plan, target, workflow, options)
    notes = [*plan.notes, *_waits(plan, target)]
    if not flow.config.storage.persistent:
        notes.append(
            "The workflow's storage is in memory: set DOTFLOW_STORAGE where its steps"
            " run."
        )
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    if output is None:
        click.echo(text, nl=False)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    click.echo(f"{output}: {len(plan.steps)} steps.", err=True)


def _waits(plan: Plan, target: str) -> list[str]:
    """Return what is said of concurrency that an engine has no form for."""
    from dotflow_deploy.compile.blocks import DEPTH, as_blocks, extra_waits
    from dotflow_deploy.compile.google_workflows import DEPTH as DEPTH_OF_GOOGLE

    depths = {"asl": DEPTH, "google-workflows": DEPTH_OF_GOOGLE}
    if target not in depths:
        return []
    extra = extra_waits(plan.steps, as_blocks(plan.steps, depths[target]))
    if not extra:
        return []
    note = (
        f"The graph is not one of forks and joins that this engine knows: {extra} pairs"
        " of tasks run one after the other that could run at the same time."
    )
    return [note]


def _text(plan: Plan, target: str, where: str, options: dict[str, Any]) -> str:
    from dotflow_deploy.compile.argo import Pods, manifest
    from dotflow_deploy.compile.asl import FUNCTION, state_machine
    from dotflow_deploy.compile.github_jobs import (
        Runner,
        install_commands,
        workflow_file,
    )
    from dotflow_deploy.compile.google_workflows import definition
    from dotflow_deploy.compile.text import to_json, to_yaml

    if target == "asl":
        return to_json(state_machine(plan, options["function"] or FUNCTION))
    if target == "google-workflows":
        return to_yaml(definition(plan, options["url"]))
    project = _project(options["project"], where)
    if target == "argo":
        image = options["image"] or project.name
        pods = Pods(project.name, project.workflow, image, options["volume"])
        return to_yaml(manifest(plan, pods))
    runner = Runner(
        project.name,
        project.workflow,
        project.python,
        install_commands(project),
        _checked(options["secrets"]),
    )
    return to_yaml(workflow_file(plan, runner, options["schedule"]))


def _checked(secrets: tuple[str, ...]) -> tuple[str, ...]:
    for name in secrets:
        if not (name.isascii() and name.isidentifier()):
            raise click.UsageError(f"{name!r} is no name of a secret: --secret TOKEN")
    return secrets


def _project(name: str | None, where: str) -> Project:
    from dotflow_deploy.project import load_project

    return load_project(Path.cwd(), name=name, workflow=where)
