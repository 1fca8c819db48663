"""Files that several platforms need, the same in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import File
from dotflow_deploy.platforms.values import bringing
from dotflow_deploy.project import dockerignore, gitignore

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

DOCKERIGNORE: Final = File(
    ".dockerignore", lambda request: dockerignore(request.project.root)
)
"""What stays out of an image: what stays out of every package."""

IMAGE: Final = (
    File("Dockerfile", "shared/Dockerfile"),
    DOCKERIGNORE,
)
"""An image whose command runs the workflow once: the exit code tells how it ended."""

GCLOUDIGNORE: Final = File(".gcloudignore", lambda _: gitignore())
"""What does not even travel to where Google builds an image."""


def own(platform: str, *names: str, source: str = "") -> tuple[File, ...]:
    """Return files in `deploy/<platform>/`; those that end in `.sh` are programs.

    Args:
        platform: The platform's name.
        names: The files, each named as its template.
        source: The folder of the templates. Default: `platform`.
    """
    return tuple(
        File(
            f"deploy/{platform}/{name}",
            f"{source or platform}/{name}",
            executable=name.endswith(".sh"),
        )
        for name in names
    )


def readme(platform: str) -> File:
    """Return the file that says what to run: `deploy/<platform>/README.md`.

    Args:
        platform: The platform's name; the template is `<platform>/README.md`.
    """
    return own(platform, "README.md")[0]


def terraform(source: str, versions: str, *, regional: bool = True) -> Values:
    """Return what is to be known of the provider of a `main.tf`.

    Args:
        source: Where Terraform finds it: `"civo/civo"`.
        versions: Which of its versions will do.
        regional: Whether it is told the region.
    """
    return {
        "provider": source.rpartition("/")[2],
        "source": source,
        "provider_version": versions,
        "regional": regional,
    }


def with_scheduler(request: Request) -> Values:
    """Return what installs our own scheduler, where the platform has none.

    Args:
        request: What files are wanted for; without a schedule nothing is added.
    """
    if request.schedule is None:
        return {}
    return {**bringing(request.project, "dotflow-scheduler")}
