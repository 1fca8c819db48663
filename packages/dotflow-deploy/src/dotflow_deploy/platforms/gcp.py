"""Google Cloud: jobs of Cloud Run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.families import google
from dotflow_deploy.platforms.render import Raw
from dotflow_deploy.platforms.shared import GCLOUDIGNORE, IMAGE, own
from dotflow_deploy.project import shortened

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values


def _values(request: Request) -> Values:
    services = " cloudscheduler.googleapis.com iam.googleapis.com"
    return {
        # A service account's name has 30 characters at most.
        "account": shortened(f"{request.project.name}-start", 30),
        "services": Raw(services if request.schedule else ""),
    }


_CLOUD_RUN: Final = google(
    name="cloud-run",
    title="Cloud Run",
    description="A job, run when you say",
    files=(
        *IMAGE,
        GCLOUDIGNORE,
        *own("cloud-run", "cloudbuild.yaml", "deploy.sh", "README.md"),
    ),
    values=_values,
)

PLATFORMS: Final = (
    _CLOUD_RUN,
    _CLOUD_RUN.scheduled("A job, started by Cloud Scheduler"),
)
