"""Azure: functions, and what starts a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.families import azure
from dotflow_deploy.platforms.platform import File, Scheduling
from dotflow_deploy.platforms.render import Raw
from dotflow_deploy.platforms.servers import check_free, check_python
from dotflow_deploy.platforms.shared import IMAGE, own
from dotflow_deploy.project import shortened
from dotflow_deploy.schedule import azure_ncrontab
from dotflow_deploy.schedule.logic_apps import logic_apps

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values

AZURE_FUNCTIONS: Final = {"3.12": "1.26.0", "3.13": "2.3.0"}
"""What a function app is written with, up to a version of Python: each has its own."""

# The newest Python that Azure runs functions on.
_NEWEST: Final = (3, 13)


def _function_files(platform: str) -> tuple[File, ...]:
    same = "azure-functions"
    return (
        *own(platform, "function_app.py"),
        *own(platform, "host.json", source=same),
        File(f"deploy/{platform}/build.py", "shared/build_source.py"),
        *own(platform, "deploy.sh", "README.md", source=same),
    )


def _function_values(request: Request) -> Values:
    check_free(request, "function_app")
    python = check_python(request, _NEWEST, "Azure Functions")
    library = AZURE_FUNCTIONS["3.13" if python == "3.13" else "3.12"]
    return {
        "main": Raw("function_app.py"),
        "files": Raw('"function_app.py", "host.json"'),
        "needs": Raw(f'"azure-functions=={library}"'),
        # At most 63 characters, as `-poison` is added to it.
        "queue": request.schedule is None and f"{request.project.name}-queue",
    }


def _logic_values(request: Request) -> Values:
    schedule = request.schedule
    return {
        "job": shortened(f"{request.project.name}-job", 32),
        "recurrence": Raw(logic_apps(schedule) if schedule else ""),
        "text": str(schedule or ""),
        # The job itself has none: the logic app starts it.
        "schedule": "",
    }


PLATFORMS: Final = (
    azure(
        name="azure-functions",
        title="Azure Functions",
        description="A function, run on a schedule",
        files=_function_files("azure-functions"),
        scheduling=Scheduling.ALWAYS,
        dialect=azure_ncrontab,
        values=_function_values,
    ),
    azure(
        name="azure-queue-trigger",
        title="Azure Functions for Queue Storage",
        description="A function, run for each message of a queue",
        files=_function_files("azure-queue-trigger"),
        values=_function_values,
    ),
    azure(
        name="azure-logic-apps",
        title="Azure Logic Apps",
        description="A logic app that starts a job of Container Apps",
        files=(
            *IMAGE,
            *own("azure-container", "template.json", "deploy.sh"),
            *own("azure-logic-apps", "template.json", "deploy.sh", "README.md"),
        ),
        scheduling=Scheduling.OPTIONAL,
        dialect=logic_apps,
        values=_logic_values,
    ),
)
