"""The platforms that `dotflow deploy` reaches itself, and where each stack is made."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final

from dotflow.base.suggest import hint
from dotflow_deploy.errors import InvalidProject

if TYPE_CHECKING:
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project
    from dotflow_deploy.stack import Stack

    Deployer = Callable[[Project, Options], Stack]
    """Declares what a project needs on a platform; asks the platform for nothing yet,
    but for who the credentials belong to. It reads none of the project's files either,
    before something is compared or made: `dotflow destroy` and `dotflow status` make a
    stack of a project's name alone, in any folder."""

DEPLOYERS: Final = {
    "lambda": "dotflow_deploy.aws.functions:plain",
    "lambda-scheduled": "dotflow_deploy.aws.functions:scheduled",
    "lambda-s3-trigger": "dotflow_deploy.aws.functions:s3_trigger",
    "lambda-sqs-trigger": "dotflow_deploy.aws.functions:sqs_trigger",
    "lambda-api-trigger": "dotflow_deploy.aws.functions:api_trigger",
    "ecs": "dotflow_deploy.aws.containers:plain",
    "ecs-scheduled": "dotflow_deploy.aws.containers:scheduled",
    "step-functions": "dotflow_deploy.aws.state_machines:stack",
    "cloud-run": "dotflow_deploy.gcp.jobs:plain",
    "cloud-run-scheduled": "dotflow_deploy.gcp.jobs:scheduled",
    "alibaba-fc": "dotflow_deploy.alibaba.functions:plain",
    "alibaba-fc-scheduled": "dotflow_deploy.alibaba.functions:scheduled",
    "github-actions": "dotflow_deploy.github.workflow:stack",
    "kubernetes": "dotflow_deploy.kubernetes.jobs:stack",
    "docker": "dotflow_deploy.compose.services:stack",
}
"""Imported when one is asked for: the SDK of one cloud must not be needed for another."""


_MEANT: Final = {
    "image": "kubernetes",
    "namespace": "kubernetes",
    "repository": "github-actions",
}


def find_deployer(platform: str) -> Deployer:
    """Return what declares the resources for a platform.

    Args:
        platform: Its name.

    Raises:
        InvalidProject: There is none of that name.
    """
    if platform not in DEPLOYERS:
        known = ", ".join(DEPLOYERS)
        raise InvalidProject(
            f"`dotflow deploy` does not reach {platform!r} itself."
            f"{hint(platform, DEPLOYERS)} It reaches:"
            f" {known}. For others: dotflow cloud generate --platform {platform}"
        )
    module, _, name = DEPLOYERS[platform].partition(":")
    found: Deployer = getattr(import_module(module), name)
    return found


def check_schedule(platform: str, schedule: str | None) -> None:
    """Check that a schedule is given where one is needed, and nowhere else.

    Args:
        platform: A platform of `DEPLOYERS`.
        schedule: The cron expression that was given, or None.

    Raises:
        InvalidProject: It is missing, or has no meaning there.
    """
    if platform.endswith("-scheduled"):
        if schedule is None:
            raise InvalidProject(
                f"{platform} needs to know when: --schedule '0 6 * * *' runs daily at"
                " 6:00 UTC"
            )
    elif schedule is not None and f"{platform}-scheduled" in DEPLOYERS:
        raise InvalidProject(
            f"{platform} has no schedule: use --platform {platform}-scheduled"
        )


def check_options(platform: str, options: Options) -> None:
    """Check that no option is given that has a meaning on another platform alone.

    Args:
        platform: A platform of `DEPLOYERS`.
        options: What was asked for.

    Raises:
        InvalidProject: There is one.
    """
    for name, only in _MEANT.items():
        if getattr(options, name) is not None and platform != only:
            raise InvalidProject(
                f"--{name} is for --platform {only}: leave it out for {platform}"
            )
