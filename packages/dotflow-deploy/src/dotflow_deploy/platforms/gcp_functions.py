"""Google Cloud: what is called, by requests, tasks and messages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.families import google
from dotflow_deploy.platforms.platform import File, Scheduling
from dotflow_deploy.platforms.render import Raw
from dotflow_deploy.platforms.servers import (
    check_free,
    check_python,
    server_files,
    server_values,
)
from dotflow_deploy.platforms.shared import GCLOUDIGNORE, own, readme
from dotflow_deploy.project import shortened

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

FUNCTIONS_FRAMEWORK: Final = "3.10.2"
"""What serves a function at Google."""

# The newest Python that Google runs functions on.
_NEWEST: Final = (3, 13)


def _function_values(request: Request) -> Values:
    check_free(request, "main")
    python = check_python(request, _NEWEST, "Google Cloud Functions")
    more = " cloudscheduler.googleapis.com iam.googleapis.com"
    return {
        "main": Raw("main.py"),
        "files": Raw('"main.py"'),
        "needs": Raw(f'"functions-framework=={FUNCTIONS_FRAMEWORK}"'),
        "runtime": f"python{python.replace('.', '')}",
        "services": Raw(more if request.schedule else ""),
        "account": _account(request),
    }


def _service_values(service: str, what: str, timeout: str, request: Request) -> Values:
    return {
        **server_values(request),
        "service": service,
        "tasks": service == "cloudtasks",
        "what": Raw(what),
        "timeout": timeout,
        "account": _account(request),
    }


def _account(request: Request) -> str:
    # A service account's name has 30 characters at most.
    return shortened(f"{request.project.name}-call", 30)


def _service_files(platform: str, *more: File) -> tuple[File, ...]:
    return (
        *server_files(platform),
        GCLOUDIGNORE,
        *own(platform, "cloudbuild.yaml", "deploy.sh", source="gcp-service"),
        *more,
        readme(platform),
    )


PLATFORMS: Final = (
    google(
        name="cloud-functions",
        title="Cloud Functions",
        description="A function, run by HTTP requests, events or a schedule",
        files=(
            *own("cloud-functions", "main.py"),
            File("deploy/cloud-functions/build.py", "shared/build_source.py"),
            *own("cloud-functions", "deploy.sh", "README.md"),
        ),
        scheduling=Scheduling.OPTIONAL,
        values=_function_values,
    ),
    google(
        name="cloud-tasks",
        title="Cloud Tasks",
        description="A service, run for each task of a queue",
        files=_service_files("cloud-tasks", *own("cloud-tasks", "enqueue.sh")),
        values=partial(_service_values, "cloudtasks", "the queue", "10m"),
    ),
    google(
        name="pubsub-trigger",
        title="Pub/Sub",
        description="A service, run for each message of a topic",
        files=_service_files("pubsub-trigger"),
        values=partial(_service_values, "pubsub", "the topic", "10m"),
    ),
)
