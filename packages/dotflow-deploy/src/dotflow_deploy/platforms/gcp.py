"""Google Cloud: jobs of Cloud Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.render import Raw
from dotflow_deploy.platforms.shared import GCLOUDIGNORE, IMAGE, own
from dotflow_deploy.project import shortened
from dotflow_deploy.schedule import cloud_scheduler

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

REGION: Final = "us-central1"


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
    Platform(
        name="cloud-run",
        title="Cloud Run",
        description="A job, run when you say",
        family=Family.GOOGLE,
        files=_files("cloud-run"),
        region=REGION,
        values=_values,
    ),
    Platform(
        name="cloud-run-scheduled",
        title="Cloud Run, scheduled",
        description="A job, started by Cloud Scheduler",
        family=Family.GOOGLE,
        files=_files("cloud-run-scheduled"),
        region=REGION,
        scheduling=Scheduling.ALWAYS,
        dialect=cloud_scheduler,
        values=_values,
    ),
)
