"""Where a command deploys to: options that it shares, and errors that end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypedDict

import click

from dotflow_cli.options import together

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN: Final = 100

# The SDK of each cloud, by the extra of dotflow-deploy that brings it.
_SDKS: Final = {
    "boto3": "deploy-aws",
    "botocore": "deploy-aws",
    "google": "deploy-gcp",
    "alibabacloud_fc20230330": "deploy-alibaba",
    "alibabacloud_tea_openapi": "deploy-alibaba",
    "alibabacloud_credentials": "deploy-alibaba",
    "github": "deploy-github",
    "nacl": "deploy-github",
}


project_option = click.option(
    "--project",
    metavar="NAME",
    help="What everything there is named after. Default: the project's name.",
)
region_option = click.option("--region", help="Region of the platform.")
workflow_option = click.option(
    "-w",
    "--workflow",
    metavar="WHERE",
    help="The function that returns the workflow, as for `dotflow start`. Default: what"
    " pyproject.toml says under [tool.dotflow], else build or main of a module workflow.",
)
schedule_option = click.option(
    "--schedule", metavar="CRON", help="When to run: five fields, in UTC, quoted."
)
python_option = click.option("--python", metavar="VERSION", help="Python of the runs.")


class Target(TypedDict):
    """What `target_options` gives a command; see `Options`."""

    platform: str
    project: str | None
    region: str | None
    namespace: str | None
    repository: str | None


target_options = together(
    click.option(
        "--platform",
        required=True,
        metavar="NAME",
        help="Where to; `dotflow cloud list` shows them.",
    ),
    project_option,
    region_option,
    click.option("--namespace", help="Kubernetes: the namespace."),
    click.option(
        "--repository",
        metavar="OWNER/NAME",
        help="GitHub: a repository that is there already.",
    ),
)
"""Adds `--platform`, `--project`, and what says where on the platform."""


@contextmanager
def deploy_errors() -> Iterator[None]:
    """Turn what a deployment refuses or fails at into a message without traceback.

    It ends with 2 if the project or an option is wrong, with 1 if the platform or a
    build failed.
    """
    from dotflow.errors import DotflowError, pip_line
    from dotflow_deploy.errors import DeployError, InvalidProject

    try:
        yield
    except InvalidProject as error:
        raise click.UsageError(str(error)) from error
    except DeployError as error:
        raise click.ClickException(str(error)) from error
    except DotflowError as error:
        raise click.UsageError(str(error)) from error
    except ModuleNotFoundError as error:
        extra = _SDKS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise click.UsageError(
            f"This platform needs its SDK: {pip_line(extra)}"
        ) from error


def tell_left_out(root: Path, *, whole: bool) -> None:
    """Tell which files of a project stay on this machine.

    Args:
        root: The project's folder.
        whole: Whether to name what ignore files leave out as well.
    """
    from dotflow.base.escape import line_text
    from dotflow_deploy.project import select

    found = select(root)
    for path in [*found.secrets, *(found.ignored if whole else ())][:_SHOWN]:
        say(line_text(f"Left out: {path.as_posix()}"))
    rest = len(found.secrets) + len(found.ignored) * whole - _SHOWN
    if rest > 0:
        say(f"Left out: {rest} more")


def say(line: str) -> None:
    """Tell what a slow step is at, beside the output."""
    click.echo(f"  {line}", err=True)
