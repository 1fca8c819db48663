"""A project packaged for Lambda: its handler is the one that is generated, too."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from dotflow_deploy.build import DockerBuilder, ZipBuilder, image_files
from dotflow_deploy.platforms.values import pinning

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotflow_deploy.build import Echo, Login
    from dotflow_deploy.project import Project

HANDLER: Final = "handler.py"
DISTRIBUTIONS: Final = ("dotflow-core", "dotflow-aws")

# The newest wheels that the system of each of Lambda's Pythons takes: 3.11 runs on
# Amazon Linux 2, the others on Amazon Linux 2023.
_WHEELS: Final = {"3.11": "manylinux_2_26_x86_64"}
_WHEEL: Final = "manylinux_2_34_x86_64"

AWSLAMBDARIC: Final = "4.2.2"
"""What calls the handler in an image that is not AWS's own."""


def generated(platform: str, project: Project, echo: Echo) -> dict[str, str]:
    """Return the files that `dotflow cloud generate` writes for a platform.

    Args:
        platform: Name of the platform: `"lambda"`.
        project: What it runs; its dependencies are read.
        echo: Takes notes of what a compiled workflow does otherwise.

    Returns:
        Their texts by their names, without folders.

    Raises:
        InvalidProject: The platform cannot run the project.
    """
    from dotflow_deploy.generate import generate
    from dotflow_deploy.platforms.catalogue import find_platform
    from dotflow_deploy.platforms.platform import DAILY, Request, Scheduling
    from dotflow_deploy.schedule import Cron

    found = find_platform(platform)
    # When a function is called makes no difference to it, but the files need to know.
    scheduled = found.scheduling is Scheduling.ALWAYS
    schedule = Cron.parse(DAILY) if scheduled else None
    made = generate(found, Request(project, schedule=schedule, echo=echo))
    return {file.target.rpartition("/")[2]: file.text for file in made.files}


class FunctionZip(ZipBuilder):
    """A zip file with the handler of a platform, the project and what it needs.

    Args:
        project: What is packaged.
        handler: Returns the handler's text.
    """

    def __init__(self, project: Project, handler: Callable[[], str]) -> None:
        super().__init__(
            project,
            distributions=DISTRIBUTIONS,
            # Lambda's own: it would be a fifth of what a function may have.
            provided=("boto3",),
            platform=_WHEELS.get(project.python, _WHEEL),
        )
        self._handler = handler

    @cached_property
    def digest(self) -> str:
        """A digest of what goes into the zip."""
        self.files[HANDLER] = self._handler().encode()
        return super().digest


class FunctionImage(DockerBuilder):
    """An image for Lambda. It is made of ours, whatever `Dockerfile` the project has.

    Args:
        project: What is packaged.
        handler: Returns the handler's text.
        image: Where it is pushed.
        login: Returns who pushes.
        rebuild: Whether to take the base image and all layers anew.
    """

    def __init__(
        self,
        project: Project,
        handler: Callable[[], str],
        image: str,
        login: Callable[[], Login],
        *,
        rebuild: bool = False,
    ) -> None:
        super().__init__(project, image, files={}, login=login, rebuild=rebuild)
        self._handler = handler

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The files that are added to the project's."""
        files = image_files(self.project)
        files["Dockerfile"] += _lambda_lines(self.project)
        files[HANDLER] = self._handler()
        return {name: text.encode() for name, text in files.items()}


def _lambda_lines(project: Project) -> str:
    named = project.dependencies.missing(*DISTRIBUTIONS)
    wanted = [f"awslambdaric=={AWSLAMBDARIC}", *named]
    pinned = pinning(project)[2]
    return "\n".join(
        [
            "",
            "# What AWS Lambda calls instead of the command.",
            "USER root",
            f"RUN pip install {' '.join(map(repr, wanted))}{pinned}",
            f"COPY {HANDLER} ./",
            "USER worker",
            'ENTRYPOINT ["python", "-m", "awslambdaric"]',
            'CMD ["handler.handler"]',
            "",
        ]
    )
