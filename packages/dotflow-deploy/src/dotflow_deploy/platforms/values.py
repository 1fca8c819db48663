"""The values that every template may use."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from dotflow.__about__ import __version__
from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.platforms.render import Raw

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.platforms.platform import Platform, Request
    from dotflow_deploy.platforms.render import Value
    from dotflow_deploy.project import Project

# Whole versions: an image that is built again next year is the same.
IMAGES: Final = {
    "3.11": "3.11.14-slim-trixie",
    "3.12": "3.12.12-slim-trixie",
    "3.13": "3.13.11-slim-trixie",
    "3.14": "3.14.2-slim-trixie",
}
"""Tags of the official `python` image, by the version of Python."""

GUNICORN: Final = "27.0.1"
"""The HTTP server in the images that answer requests."""


def common_values(platform: Platform, request: Request) -> dict[str, Value]:
    """Return the values that every template may use.

    - `name`, `module`, `factory`, `workflow`: of the project; `workflow` is
      `"module:factory"`, as `dotflow start --workflow` takes it.
    - `name_snake`: the name with `_` for `-`.
    - `python`, `python_image`, `version` (of dotflow), `gunicorn`.
    - `platform`, `title`: of the platform.
    - `region`; `schedule`: five fields, or `""`; `schedule_text`: the same, for a place
      between quotes; `schedule_native`: as the platform writes it.
    - `server`: whether the image answers HTTP requests, false here.
    - `requirements`, `installable`: how dependencies are known; `local`: whether
      `requirements.txt` names files of the project; `bring`: what pip must install
      besides, each with a space before it and quoted for a shell.

    Raises:
        InvalidProject: The region is none.
        ScheduleNotExpressible: The platform cannot say when the schedule is due.
    """
    project = request.project
    cron = str(request.schedule or "")
    return {
        "platform": platform.name,
        "title": Raw(platform.title),
        "name": project.name,
        "name_snake": project.name.replace("-", "_"),
        "module": project.module,
        "factory": project.factory,
        "workflow": project.workflow,
        "python": project.python,
        "python_image": IMAGES[project.python],
        "version": __version__,
        "gunicorn": GUNICORN,
        "server": False,
        "region": _region(platform, request.region),
        "schedule": cron,
        # Digits, spaces and `* / , -` only, which no kind of quotes minds.
        "schedule_text": Raw(cron),
        "schedule_native": platform.dialect(request.schedule)
        if request.schedule
        else "",
        "requirements": project.dependencies.requirements,
        "installable": project.dependencies.installable,
        "local": _names_files(project.root / "requirements.txt"),
        "bring": bring(project),
    }


def bring(project: Project, *distributions: str) -> Raw:
    """Return what pip must install besides what a project names itself.

    Args:
        project: The project.
        *distributions: Those of ours that a platform needs beside the command.

    Returns:
        Requirements, each with a space before it and quoted for a shell.
    """
    missing = project.dependencies.missing(
        "dotflow-core", "dotflow-cli", *distributions
    )
    return Raw("".join(f" {shlex.quote(name)}" for name in missing))


def _region(platform: Platform, given: str | None) -> str:
    if given is None:
        return platform.region
    if not platform.region:
        raise InvalidProject(
            f"{platform.title} has no regions here: leave out --region"
        )
    if not given.replace("-", "").replace("_", "").isalnum() or not given.isascii():
        raise InvalidProject(
            f"{given!r} is no region, such as {platform.region}: --region"
        )
    return given


def _names_files(requirements: Path) -> bool:
    """Tell whether some line is of the kind `-e .`, `-r more.txt` or `./vendored`."""
    if not requirements.is_file():
        return False
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return any(
        line.lstrip().startswith(("-e", "-r", "-c", "--r", "--c", "--e", ".", "file:"))
        for line in lines
    )
