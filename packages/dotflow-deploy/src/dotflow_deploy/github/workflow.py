"""A project as a workflow of GitHub Actions: its repository, its secrets, its files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.github.files import Files
from dotflow_deploy.github.repository import Repository
from dotflow_deploy.github.secrets import Secrets
from dotflow_deploy.stack import Stack

if TYPE_CHECKING:
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

_FULL_NAME: Final = re.compile(r"[\w.-]+/[\w.-]+")


def stack(project: Project, options: Options) -> Stack:
    """Declare a project as a workflow of GitHub Actions.

    Without a repository in the options, one of the project's name is made, private, and
    gets the project's files. One that is named gets the workflow file alone.

    Args:
        project: What runs.
        options: When, how long, and in which repository.

    Raises:
        InvalidProject: There is a region or a builder, or the repository is none.
    """
    if options.region is not None:
        raise InvalidProject("GitHub Actions has no regions: leave out --region")
    if options.builder is not None:
        raise InvalidProject("GitHub Actions packages nothing: leave out --builder")
    given = options.repository
    if given is not None and not _FULL_NAME.fullmatch(given):
        raise InvalidProject(
            f"{given!r} is no repository of GitHub's: --repository owner/name"
        )
    repository = Repository(project, given)
    secrets = Secrets(repository)
    files = Files(repository, options)

    def outputs() -> dict[str, str]:
        name = repository.full_name
        return {
            "Repository": repository.found.html_url,
            "Runs": f"{repository.found.html_url}/actions/workflows/dotflow.yml",
            "Run it now": f"gh workflow run dotflow.yml --repo {name}",
        }

    return Stack([repository, secrets, files], outputs)
