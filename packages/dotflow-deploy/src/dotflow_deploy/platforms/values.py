"""The values that every template may use."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from dotflow.__about__ import __version__
from dotflow_cli.scaffold.pins import ANY_LOCK, LOCKS, PINS, pin_command
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
      `requirements.txt` or a lock file names files of the project, `places` which.
    - `lock`: the lock file; `pin`: the command that reads it; `pinned`: what pip is told
      then; `bring`: what pip must install besides, `apart` whether by itself, since the
      requirements have hashes. `places`, `pinned` and `bring` have a space before each
      word, and are quoted for a shell.

    Raises:
        InvalidProject: The region is none.
        ScheduleNotExpressible: The platform cannot say when the schedule is due.
    """
    project = request.project
    lock, pin, pinned, places = pinning(project)
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
        "local": _names_files(project.root / "requirements.txt") or bool(places),
        "places": Raw(places),
        "lock": Raw(lock),
        "pin": Raw(pin),
        "pinned": Raw(pinned),
        **bringing(project),
    }


def pinning(project: Project) -> tuple[str, str, str, str]:
    """Return how pip is held to what a project pins.

    Args:
        project: The project.

    Returns:
        The name of its lock file, or a pattern of those that it may have later, the
        command that writes its pins, the option of pip
        that follows them, and what is of no index, each with a space before it.

    Raises:
        InvalidProject: See `_places`.
    """
    known = project.dependencies.lock
    places = "".join(f" {shlex.quote(place)}" for place in _places(project))
    if known is None and not project.dependencies.requirements:
        # As the image of `dotflow init`, which is written before there can be one.
        return ANY_LOCK, pin_command(*LOCKS), f" --constraint {PINS}", places
    lock = "" if known is None or known.file == "pyproject.toml" else known.file
    option = f" --constraint {PINS}" if lock else ""
    return lock, pin_command(lock), option, places


def _places(project: Project) -> list[str]:
    """Return where an image installs what is of no index: paths in it, and addresses.

    Args:
        project: The project.

    Raises:
        InvalidProject: One is outside of the project's folder, which no image gets.
    """
    lock, found = project.dependencies.lock, []
    for one in () if lock is None else lock.packages:
        if one.url:
            found.append(one.url)
        elif one.place not in ("", "."):
            path = (project.root / one.place).resolve()
            if not path.is_relative_to(project.root.resolve()):
                raise InvalidProject(
                    f"{one.name} is built from {one.place}, outside of the project's"
                    " folder, which an image does not get: move it into the folder, or"
                    " publish it to an index"
                )
            found.append(f"./{one.place.removeprefix('./')}")
    return found


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


def bringing(project: Project, *distributions: str) -> dict[str, Value]:
    """Return the values `bring` and `apart`; see `bring`."""
    found = bring(project, *distributions)
    return {"bring": found, "apart": project.dependencies.hashed and bool(found)}


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
