"""Writes the files that a platform needs into a project, and overwrites none by chance."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files as resources
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dotflow_deploy.errors import DeployError, InvalidProject
from dotflow_deploy.platforms.catalogue import platforms
from dotflow_deploy.platforms.platform import DAILY, Scheduling
from dotflow_deploy.platforms.render import TemplateError, included, render
from dotflow_deploy.platforms.values import common_values

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import File, Platform, Request
    from dotflow_deploy.platforms.render import Values


class Outcome(StrEnum):
    """What became of a file."""

    CREATED = "created"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    KEPT = "kept"


@dataclass(frozen=True)
class Generated:
    """A file for a platform.

    Attributes:
        target: Where it belongs in the project's folder, with `/`.
        text: What is in it.
        executable: Whether it is a program.
    """

    target: str
    text: str
    executable: bool = False


@dataclass(frozen=True)
class Generation:
    """All files for a platform, not written yet.

    Attributes:
        files: In the order in which a user would look at them.
        start: The command to run next.
    """

    files: Sequence[Generated]
    start: str


def generate(platform: Platform, request: Request) -> Generation:
    """Return the files that a platform needs to run a project.

    Args:
        platform: The platform.
        request: What runs there, and when.

    Raises:
        InvalidProject: The platform cannot do what is asked for.
        ScheduleNotExpressible: It has no way to say when the schedule is due.
    """
    if request.schedule is not None and platform.scheduling is Scheduling.NONE:
        raise InvalidProject(_no_schedule(platform))
    values = {**common_values(platform, request), **platform.values(request)}
    made = [
        Generated(file.target, _text(file, values, request), file.executable)
        for file in platform.files
        if not file.when or _is_true(file, values)
    ]
    # Quoted as for a shell, where it is going to be run.
    return Generation(made, render(platform.start, values, "start.sh"))


def write(
    folder: Path,
    generated: Sequence[Generated],
    *,
    force: bool = False,
    keep: bool = False,
) -> Mapping[str, Outcome]:
    """Write files into a folder; all of them are checked before the first is written.

    Args:
        folder: The project's folder. It is made if it is not there.
        generated: The files.
        force: Replace what is there and differs.
        keep: Leave what is there and differs as it is.

    Returns:
        What became of each file, by its target.

    Raises:
        DeployError: Something else is there already, or cannot be written. Nothing was
            written.
    """
    outcomes = {file.target: _outcome(folder, file, force, keep) for file in generated}
    differing = [target for target, outcome in outcomes.items() if outcome is None]
    if differing:
        listed = "\n".join(f"  {target}" for target in differing)
        raise InvalidProject(
            f"Nothing was written, since there is something else in:\n{listed}\n"
            "Replace them with --force, or leave them as they are with --keep."
        )
    for file in generated:
        if outcomes[file.target] in (Outcome.CREATED, Outcome.REPLACED):
            _write(folder / file.target, file)
    return {target: outcome for target, outcome in outcomes.items() if outcome}


def _no_schedule(platform: Platform) -> str:
    other = f"{platform.name}-scheduled"
    remedy = (
        f"use --platform {other}"
        if other in platforms()
        else "leave out --schedule, or choose one that does: dotflow cloud list"
    )
    return f"{platform.title} starts nothing on a schedule by itself: {remedy}"


def _is_true(file: File, values: Values) -> bool:
    if file.when not in values:
        raise TemplateError(f"{file.target}: no value {file.when!r}")
    return bool(values[file.when])


def _text(file: File, values: Values, request: Request) -> str:
    if not isinstance(file.source, str):
        return file.source(request)
    # What is no Python yet must not be compiled when the package is installed.
    name = f"{file.source}.in" if file.source.endswith(".py") else file.source
    return render(included(_template(name), _template), values, file.target)


def _template(name: str) -> str:
    path = resources("dotflow_deploy") / "templates" / name
    return path.read_text(encoding="utf-8")


def _outcome(folder: Path, file: Generated, force: bool, keep: bool) -> Outcome | None:
    path = _inside(folder, file.target)
    if not path.exists():
        return Outcome.CREATED
    if path.read_bytes() == file.text.encode():
        return Outcome.UNCHANGED
    if keep:
        return Outcome.KEPT
    return Outcome.REPLACED if force else None


def _inside(folder: Path, target: str) -> Path:
    """Return where a file goes, if that is in the folder and can be a file."""
    parts = PurePosixPath(target)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise DeployError(f"{target!r} does not lead into the project")
    path = folder / parts
    for parent in [path, *path.parents][: len(parts.parts)]:
        if parent.is_symlink():
            raise InvalidProject(
                f"{parent} is a link: nothing was written. Remove it, or give another"
                " --output"
            )
        if parent != path and parent.exists() and not parent.is_dir():
            raise InvalidProject(
                f"{parent} is a file and would have to be a folder: nothing was written"
            )
    if path.exists() and not path.is_file():
        raise InvalidProject(f"{path} is no file: nothing was written")
    return path


def _write(path: Path, file: Generated) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o755 if file.executable else 0o644
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(file.text.encode())
        # `mkstemp` makes files that only their owner can read, and a builder may not
        # be the owner.
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def schedule_text(platform: Platform, given: str | None) -> str | None:
    """Return the schedule of a platform: the given one, or one that it cannot be without.

    Args:
        platform: The platform.
        given: What the user asked for.
    """
    if given is None and platform.scheduling is Scheduling.ALWAYS:
        return DAILY
    return given
