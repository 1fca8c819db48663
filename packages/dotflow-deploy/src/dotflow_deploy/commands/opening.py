"""The stack of what was deployed, made of a project's name alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dotflow_deploy.commands.target import say
from dotflow_deploy.deployers import check_options, find_deployer
from dotflow_deploy.options import Options
from dotflow_deploy.project import load_project, named_project

if TYPE_CHECKING:
    from dotflow_deploy.stack import Stack


def open_stack(
    platform: str,
    project: str | None,
    *,
    region: str | None,
    namespace: str | None,
    repository: str | None,
) -> tuple[str, Stack]:
    """Return the name of a deployed project, and the stack of its resources.

    Args:
        platform: Name of the platform.
        project: Name of the project; then nothing of its files is needed. None: that
            of the project in this folder.
        region: The platform's region. None: the platform's default.
        namespace: As of `Options`.
        repository: As of `Options`.

    Raises:
        InvalidProject: There is no such platform, or no name.
    """
    deployer = find_deployer(platform)
    here = Path.cwd()
    what = load_project(here) if project is None else named_project(here, project)
    options = Options(
        region=region, namespace=namespace, repository=repository, echo=say
    )
    check_options(platform, options)
    return what.name, deployer(what, options)
