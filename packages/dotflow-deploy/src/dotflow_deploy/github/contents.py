"""The files that a repository gets, and which of them a deployment has put there."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.errors import DeployError, InvalidProject
from dotflow_deploy.project.files import project_files

if TYPE_CHECKING:
    from dotflow_deploy.options import Options
    from dotflow_deploy.project import Project

WORKFLOW: Final = ".github/workflows/dotflow.yml"
RECORD: Final = ".github/dotflow.json"
"""Names the project, and the files that its deployments have put there."""

PLATFORM: Final = "github-actions"

_ENV = re.compile(r"^    env:\n", re.MULTILINE)
_LIMIT = re.compile(r"^    timeout-minutes: \d+$", re.MULTILINE)
_NO_NAME = re.compile(r"GITHUB_|\d", re.IGNORECASE)


def wanted(project: Project, options: Options, *, code: bool) -> dict[str, bytes]:
    """Return the files of a deployment, by their paths in the repository.

    Args:
        project: What runs.
        options: When, and how long at most.
        code: Whether the project's own files are among them.

    Raises:
        InvalidProject: The workflow of the project's own folder passes on no variable
            of a name that is given.
        ScheduleNotExpressible: GitHub starts nothing that often.
    """
    files = {WORKFLOW: _workflow(project, options).encode()}
    if code:
        for path in project_files(project.root):
            files.setdefault(path.as_posix(), (project.root / path).read_bytes())
    files[RECORD] = _record(project.name, files)
    return files


def recorded(content: bytes, project: str) -> set[str] | None:
    """Return the files that deployments of a project have put into a repository.

    Args:
        content: What is in the file that records them.
        project: Name of the project.

    Returns:
        Their paths; None if it is the record of another project, or none.
    """
    try:
        found: Any = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("project") != project:
        return None
    return {str(path) for path in found.get("files", [])}


def blob(content: bytes) -> str:
    """Return the name that git gives a content."""
    # GitHub lists these names, so that no content has to be fetched to be compared.
    head = b"blob %d\0" % len(content)
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def secret_names(env: Mapping[str, str]) -> dict[str, str]:
    """Return the names of the secrets for variables: GitHub knows capitals only.

    Raises:
        InvalidProject: A variable's name is none of a secret, or two become one.
    """
    names: dict[str, str] = {}
    for variable in env:
        name = variable.upper()
        if _NO_NAME.match(name):
            raise InvalidProject(
                f"GitHub keeps names like {variable!r} for itself: rename the variable"
            )
        if name in names.values():
            raise InvalidProject(
                f"GitHub does not tell {variable!r} from another variable that differs"
                " in its capitals alone: rename one"
            )
        names[variable] = name
    return names


def _workflow(project: Project, options: Options) -> str:
    names = secret_names(project.env)
    own = project.root / WORKFLOW
    if own.is_file():
        if options.schedule is not None:
            raise InvalidProject(
                f"The project's own {WORKFLOW} says when it runs: leave out --schedule"
            )
        text = own.read_text(encoding="utf-8")
        missing = [n for n in names.values() if f"secrets.{n}" not in text]
        if missing:
            lines = ", ".join(f"{n}: ${{{{ secrets.{n} }}}}" for n in missing)
            raise InvalidProject(
                f"The project's own {WORKFLOW} does not pass on what --env gives. Add"
                f" under env: {lines}"
            )
        return text
    return _generated(project, options, names)


def _generated(project: Project, options: Options, names: Mapping[str, str]) -> str:
    from dotflow_deploy.generate import generate
    from dotflow_deploy.platforms.catalogue import find_platform
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.schedule import Cron

    schedule = None if options.schedule is None else Cron.parse(options.schedule)
    made = generate(find_platform(PLATFORM), Request(project, schedule=schedule))
    (text,) = [file.text for file in made.files if file.target == WORKFLOW]
    lines = "".join(
        f"      {variable}: ${{{{ secrets.{name} }}}}\n"
        for variable, name in sorted(names.items())
    )
    # What the template sets itself gives way: twice the same key is no YAML.
    for variable in names:
        text = re.sub(rf"^      {variable}: .*\n", "", text, flags=re.MULTILINE)
    minutes = max(1, math.ceil(options.timeout / 60))
    text = _put(_ENV, f"    env:\n{lines}", text)
    return _put(_LIMIT, f"    timeout-minutes: {minutes}", text)


def _put(place: re.Pattern[str], text: str, into: str) -> str:
    changed, count = place.subn(lambda _: text, into)
    if count != 1:
        raise DeployError(
            f"{WORKFLOW} has {count} places of the kind {place.pattern!r}"
        )
    return changed


def _record(project: str, files: Iterable[str]) -> bytes:
    record = {"platform": PLATFORM, "project": project, "files": sorted(files)}
    return (json.dumps(record, indent=2) + "\n").encode()
