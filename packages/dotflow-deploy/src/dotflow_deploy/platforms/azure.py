"""Azure: containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.families import azure
from dotflow_deploy.platforms.platform import Scheduling
from dotflow_deploy.platforms.shared import IMAGE, own
from dotflow_deploy.project import shortened
from dotflow_deploy.schedule import azure_jobs

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

_FILES: Final = ("template.json", "deploy.sh", "README.md")


def _values(request: Request) -> Values:
    # A job's name has 32 characters at most.
    return {"job": shortened(f"{request.project.name}-job", 32)}


PLATFORMS: Final = (
    azure(
        name="azure-container",
        title="Azure Container Apps",
        description="A job, run when you say or on a schedule",
        files=(*IMAGE, *own("azure-container", *_FILES)),
        scheduling=Scheduling.OPTIONAL,
        dialect=azure_jobs,
        values=_values,
    ),
    azure(
        name="azure-container-instances",
        title="Azure Container Instances",
        description="A container that runs once",
        files=(*IMAGE, *own("azure-container-instances", *_FILES)),
    ),
)
