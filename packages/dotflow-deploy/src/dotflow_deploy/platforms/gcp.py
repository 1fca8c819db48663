"""Google Cloud: jobs of Cloud Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.families import google
from dotflow_deploy.platforms.platform import File, Scheduling
from dotflow_deploy.platforms.render import Raw
from dotflow_deploy.platforms.shared import GCLOUDIGNORE, IMAGE, own
from dotflow_deploy.project import shortened

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values


def _files(platform: str) -> tuple[File, ...]:
    return (
        *IMAGE,
        GCLOUDIGNORE,
        *own(platform, "cloudbuild.yaml", "deploy.sh", "README.md", source="cloud-run"),
    )


def _values(request: Request) -> Values:
    services = " cloudscheduler.googleapis.com iam.googleapis.com"
    return {
        # A service account's name has 30 characters at most.
        "account": shortened(f"{request.project.name}-start", 30),
        "services": Raw(services if request.schedule else ""),
    }


PLATFORMS: Final = (
    google(
        name="cloud-run",
        title="Cloud Run",
        description="A job, run when you say",
        files=_files("cloud-run"),
        values=_values,
    ),
    google(
        name="cloud-run-scheduled",
        title="Cloud Run, scheduled",
        description="A job, started by Cloud Scheduler",
        files=_files("cloud-run-scheduled"),
        scheduling=Scheduling.ALWAYS,
        values=_values,
    ),
)
