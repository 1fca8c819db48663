"""Files that several platforms need, the same in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import File
from dotflow_deploy.platforms.values import bring

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

IMAGE: Final = (
    File("Dockerfile", "shared/Dockerfile"),
    File(".dockerignore", "shared/dockerignore"),
)
"""An image whose command runs the workflow once: the exit code tells how it ended."""

GCLOUDIGNORE: Final = File(".gcloudignore", "shared/dockerignore")
"""What does not even travel to where Google builds an image."""


def readme(platform: str) -> File:
    """Return the file that says what to run: `deploy/<platform>/README.md`.

    Args:
        platform: The platform's name; the template is `<platform>/README.md`.
    """
    return File(f"deploy/{platform}/README.md", f"{platform}/README.md")


def with_scheduler(request: Request) -> Values:
    """Return what installs our own scheduler, where the platform has none.

    Args:
        request: What files are wanted for; without a schedule nothing is added.
    """
    if request.schedule is None:
        return {}
    return {"bring": bring(request.project, "dotflow-scheduler")}
