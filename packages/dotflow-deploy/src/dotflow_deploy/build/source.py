"""A project as a folder that a platform's own pip installs from, as Google's does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dotflow_deploy.build.target import Target
from dotflow_deploy.errors import BuildError
from dotflow_deploy.project.files import copy_project, project_files

if TYPE_CHECKING:
    from dotflow_deploy.build.builder import Echo
    from dotflow_deploy.project import Project

PINS: Final = "pins.txt"
"""What a lock file pins, beside the requirements."""

_ITSELF: Final = {".", "-e .", "-e.", "--editable .", "./", "-e ./"}
_LOCAL: Final = (
    "-e",
    "--editable",
    ".",
    "/",
    "file:",
    "-r",
    "--requirement",
    "-c",
    "--con",
)


def write_source(
    project: Project,
    to: Path,
    *,
    files: Mapping[str, str],
    requirements: Sequence[str] = (),
    echo: Echo,
) -> None:
    """Write what a platform's builder takes: the project, handlers, requirements.txt.

    A project that is a package goes as a wheel. Of any other go the files that
    `project_files` names: no secrets, and nothing that `.gitignore` leaves out.

    Args:
        project: The project.
        to: The folder. What is in it is removed first.
        files: The handlers, by their names there.
        requirements: What else pip must install, unless the project names it itself:
            `"functions-framework==3.10.2"`.
        echo: Takes a line about each slow step.

    Raises:
        BuildError: The wheel is not made, a file of the project has the name of a
            handler, or requirements.txt has what that builder cannot follow.
    """
    lines = _requirements(project, requirements)
    if to.exists():
        shutil.rmtree(to)
    to.mkdir(parents=True)
    if project.dependencies.installable:
        lines.insert(0, f"./{_write_wheel(project, to, echo)}")
    else:
        _copy(project, to)
    for name, text in files.items():
        place = to / name
        if place.exists() and place.read_text(encoding="utf-8") != text:
            raise BuildError(
                f"The project has a file {name}, and the platform needs another of that"
                " name: rename the project's."
            )
        place.write_text(text, encoding="utf-8")
    (to / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))
    if (lock := project.dependencies.lock) is not None:
        pins = lock.constraints(_markers(project))
        (to / PINS).write_text("".join(f"{line}\n" for line in pins))
    if project.dependencies.note:
        echo(project.dependencies.note)
    echo(f"Wrote {to}")


def _requirements(project: Project, more: Sequence[str]) -> list[str]:
    from dotflow_deploy.project.dependencies import distribution

    dependencies = project.dependencies
    lines = [] if dependencies.installable else list(dependencies.lines)
    if dependencies.hashed:
        raise BuildError(
            "requirements.txt pins hashes, and the platform's pip would then refuse the"
            " project itself, which has none. Leave them out:"
            " `uv export --no-hashes`, or pip-compile without --generate-hashes"
        )
    if dependencies.requirements:
        path = project.root / "requirements.txt"
        given = [
            line.rstrip() for line in path.read_text(encoding="utf-8").splitlines()
        ]
        lines = [line for line in given if line.strip() not in _ITSELF]
        local = [line for line in lines if line.lstrip().startswith(_LOCAL)]
        if local and dependencies.installable:
            raise BuildError(
                f"requirements.txt names files of this machine ({local[0].strip()}),"
                " which the platform does not get. Write out what they stand for, or"
                " deploy an image: dotflow cloud list"
            )
    if dependencies.lock is not None:
        if elsewhere := dependencies.lock.elsewhere(_markers(project)):
            raise BuildError(
                f"{elsewhere[0].name} is of no index, and the platform's pip cannot"
                " build it from where it is. Publish it, or deploy an image: dotflow"
                " cloud list"
            )
        lines.insert(0, f"-c {PINS}")
    lines += dependencies.missing("dotflow-core")
    return lines + [one for one in more if distribution(one) not in dependencies.names]


def _markers(project: Project) -> Mapping[str, str]:
    return Target("manylinux2014_x86_64", project.python).markers


def _write_wheel(project: Project, to: Path, echo: Echo) -> str:
    from dotflow_deploy.build.pip import build_wheel

    with tempfile.TemporaryDirectory(prefix="dotflow-") as folder:
        code = Path(folder) / "project"
        copy_project(project.root, code)
        echo(f"Making a wheel of {project.name}")
        wheel = build_wheel(code, Path(folder) / "wheel", echo)
        shutil.copy(wheel, to)
        return wheel.name


def _copy(project: Project, to: Path) -> None:
    package = project.module.partition(".")[0]
    names = [path for path in project_files(project.root) if path.parts[0] != "deploy"]
    inner = {Path("src", package, "__init__.py"), Path("src", f"{package}.py")}
    for name in names:
        # Where the platform's Python finds modules, there is no `src`.
        within = inner.intersection(names) and name.parts[0] == "src"
        place = to / (name.relative_to("src") if within else name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project.root / name, place)
