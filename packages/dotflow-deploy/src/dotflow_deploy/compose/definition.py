"""The definition that docker compose gets, which is written to no file."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.errors import InvalidProject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

SERVICE: Final = "workflow"
DIGEST: Final = "dotflow-digest"
"""The label that tells whether a container is as declared."""

RESULTS: Final = "/var/lib/dotflow"

# A run gets this long to store where it is, in seconds.
_GRACE: Final = 30
_SCHEDULER: Final = "dotflow-scheduler"


def definition(
    project: Project, options: Options, image: str, marks: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the definition, and the variables that it refers to.

    The values of the project's variables are not in it: compose fills them in from its
    own environment, under names that mean nothing to docker itself.

    Args:
        project: What runs.
        options: When, and with how much.
        image: The image with its tag.
        marks: Labels of the container.

    Raises:
        InvalidProject: A schedule needs a distribution that the project does not name.
    """
    names = {name: f"DOTFLOW_VALUE_{n}" for n, name in enumerate(sorted(project.env))}
    service: dict[str, Any] = {
        "image": image,
        "pull_policy": "never",
        "init": True,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "tmpfs": ["/tmp"],  # noqa: S108 - of the container
        "mem_limit": f"{options.memory}m",
        "stop_grace_period": f"{_GRACE}s",
        "environment": {
            "DOTFLOW_OUTPUT_PATH": RESULTS,
            **{name: f"${{{names[name]}}}" for name in names},
        },
        "volumes": [f"results:{RESULTS}"],
        **_run(project, options),
    }
    values = {names[name]: project.env[name] for name in names}
    service["labels"] = {**marks, DIGEST: _digest(service, values)}
    volume = {"external": True, "name": volume_name(project.name)}
    return {"services": {SERVICE: service}, "volumes": {"results": volume}}, values


def volume_name(project: str) -> str:
    """Return the name of the volume that holds a project's results."""
    return f"{project}_results"


def _run(project: Project, options: Options) -> dict[str, Any]:
    if options.schedule is not None:
        return _scheduled(project, options.schedule)
    once: dict[str, Any] = {"restart": "no"}
    if not (project.root / "Dockerfile").is_file():
        # Whoever wrote a Dockerfile has said what the image runs.
        limit = ["timeout", "-k", str(_GRACE), str(options.timeout)]
        once["command"] = [*limit, "dotflow", "start", "--workflow", project.workflow]
    return once


def _scheduled(project: Project, schedule: str) -> dict[str, Any]:
    from dotflow_deploy.schedule import plain

    cron = plain(schedule)
    if _SCHEDULER not in project.dependencies.names:
        raise InvalidProject(
            "Docker has no clock of its own. With dotflow-scheduler among the project's"
            " dependencies, its container runs the workflow on the schedule; or deploy"
            " to --platform kubernetes."
        )
    command = ["dotflow", "schedule", "--workflow", project.workflow, "--cron", cron]
    return {"restart": "unless-stopped", "command": command}


def _digest(service: Mapping[str, Any], values: Mapping[str, str]) -> str:
    text = json.dumps([service, values], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
