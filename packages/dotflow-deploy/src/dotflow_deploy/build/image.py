"""The files of a project's image that it need not have itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dotflow_deploy.project import Project

_NAMES: Final = ("Dockerfile", ".dockerignore")


def image_files(project: Project) -> dict[str, str]:
    """Return the files of an image whose command runs the workflow once.

    They are those of `dotflow cloud generate --platform docker`.

    Args:
        project: What the image runs; its dependencies are read.
    """
    from dotflow_deploy.generate import generate
    from dotflow_deploy.platforms.catalogue import find_platform
    from dotflow_deploy.platforms.platform import Request

    made = generate(find_platform("docker"), Request(project))
    return {file.target: file.text for file in made.files if file.target in _NAMES}
