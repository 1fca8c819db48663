"""Which files of a project travel to a platform, and what they add up to."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from dotflow_cli.left_out import MADE, SECRETS, docker_lines, git_lines
from dotflow_deploy.project.ignored import files_of, git_files, git_rules
from dotflow_deploy.project.patterns import DockerPatterns

_MOST_LINKS = 10_000  # files that links of folders add


@dataclass(frozen=True)
class Selection:
    """The files of a project.

    Attributes:
        files: Those that travel, relative to the project, sorted.
        secrets: Those that may hold a secret, and stay.
        ignored: Those that an ignore file leaves out, or that lead out of the project.
    """

    files: tuple[Path, ...]
    secrets: tuple[Path, ...]
    ignored: tuple[Path, ...]


def select(root: Path) -> Selection:
    """Tell which files of a project travel, and which stay.

    What git would not add stays, nested ignore files and those above the project
    included; what `.dockerignore` leaves out, by its own rules; and what
    `dotflow_cli.left_out` names, whatever they say. A link travels as what it leads to,
    if that is in the project and travels itself.

    Args:
        root: The project's folder.
    """
    names = git_files(root)
    if names is None:
        names = files_of(root)
    secret, made = DockerPatterns(SECRETS), DockerPatterns(MADE)
    own = DockerPatterns(_docker_lines(root))
    secrets, ignored, fine, links = [], [], set(), []
    for name in sorted(names):
        path = root / name
        if made.leaves_out(name):
            continue
        if secret.leaves_out(name):
            secrets.append(Path(name))
        elif own.leaves_out(name):
            ignored.append(Path(name))
        elif path.is_symlink():
            links.append(name)
        elif path.is_file():
            fine.add(name)
    rules = (secret, made, own)
    for name in links:
        found = _linked(root, name, fine)
        fine |= {one for one in found if not any(r.leaves_out(one) for r in rules)}
        if not found:
            ignored.append(Path(name))
    return Selection(
        tuple(sorted(map(Path, fine))), tuple(secrets), tuple(sorted(ignored))
    )


def project_files(root: Path) -> list[Path]:
    """Return the files that are packaged, relative to the project, sorted.

    Args:
        root: The project's folder; see `select`.
    """
    return list(select(root).files)


def dockerignore(root: Path) -> str:
    """Return the `.dockerignore` of a project's image: what no package holds either.

    Args:
        root: The project's folder.
    """
    ours = docker_lines()
    found = git_rules(root) if root.is_dir() else ()
    lines = [line for line in found if line not in ours]
    if lines:
        lines.insert(0, "# What git leaves out.")
    lines += ["# What the image does not need, and what must not be in it."]
    return "\n".join([*lines, *ours, ""])


def gitignore() -> str:
    """Return the same list for what follows the rules of a `.gitignore`."""
    told = "# What is not uploaded: secrets, and what is made anew."
    return "\n".join([told, *git_lines(), ""])


def copy_project(root: Path, to: Path) -> None:
    """Copy the files that are packaged, so that a build can read nothing else.

    Args:
        root: The project's folder.
        to: The folder for the copy; folders are made as they are needed.
    """
    for name in project_files(root):
        place = to / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, place)


def project_digest(root: Path, *settings: str) -> str:
    """Return a digest of a project's files: the same on every machine and day.

    Args:
        root: The project's folder.
        *settings: What else decides how the artefact turns out.

    Returns:
        64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for text in settings:
        total.update(f"{len(text)}:{text}".encode())
    for path in project_files(root):
        name = path.as_posix().encode()
        content = hashlib.sha256((root / path).read_bytes()).digest()
        total.update(b"%d:%s" % (len(name), name) + content)
    return total.hexdigest()


def _docker_lines(root: Path) -> list[str]:
    path = root / ".dockerignore"
    if not path.is_file():
        return []
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _linked(root: Path, name: str, fine: set[str]) -> set[str]:
    """Return the files that a link stands for, none where it leads out."""
    top = root.resolve()
    target = (root / name).resolve()
    if not target.is_relative_to(top):
        return set()
    leads = target.relative_to(top).as_posix()
    if leads in fine:
        return {name}
    if not target.is_dir() or f"{name}/".startswith(f"{leads}/") or target == top:
        return set()  # to nothing, to what stays, or to a folder that it is in itself
    inside = [one for one in fine if one.startswith(f"{leads}/")]
    return {f"{name}/{one[len(leads) + 1 :]}" for one in inside[:_MOST_LINKS]}
