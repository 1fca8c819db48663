"""What git leaves out of a project: asked of git itself, or read from its files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from dotflow_cli.left_out import MADE
from dotflow_deploy.project.patterns import DockerPatterns, as_docker

_SECONDS = 60


def git_files(root: Path) -> set[str] | None:
    """Return the files that git knows or would add: `git ls-files -co --exclude-standard`.

    Args:
        root: The project's folder.

    Returns:
        Their paths in it, with `/`. None where there is no repository or no git, or
        where the whole of the project is left out of the repository around it.
    """
    if repository_of(root) is None:
        return None
    listed = _git(root, "ls-files", "-co", "--exclude-standard", "-z", "--", ".")
    if listed is None:
        return None
    found: set[str] = set()
    for name in filter(None, listed.split("\0")):
        inner = root / name
        if inner.is_dir() and not inner.is_symlink():
            # A repository in the repository has rules of its own.
            path = name.rstrip("/")
            more = git_files(inner)
            walked = more if more is not None else files_of(inner)
            found |= {f"{path}/{one}" for one in walked}
        else:
            found.add(name)
    if not found and _git(root, "check-ignore", "-q", str(root.resolve())) is not None:
        return None
    return found


def repository_of(root: Path) -> Path | None:
    """Return the top of the repository that a project is in, if it is in one."""
    top = root.resolve()
    for folder in (top, *top.parents):
        if (folder / ".git").exists():
            return folder
    return None


def files_of(root: Path) -> set[str]:
    """Return all files that no `.gitignore` leaves out, nested ones and those above.

    Args:
        root: The project's folder.
    """
    made = DockerPatterns(MADE)
    rules = _rules(root)
    found: set[str] = set()
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        if here != Path() and (Path(folder) / ".gitignore").is_file():
            rules[here.as_posix()] = _spec(Path(folder) / ".gitignore")
        # Not looked into at all: an environment holds more files than the project.
        folders[:] = [
            name
            for name in folders
            if not _ignored(rules, f"{(here / name).as_posix()}/")
            and not made.leaves_out((here / name).as_posix())
        ]
        for name in [*files, *(n for n in folders if (Path(folder) / n).is_symlink())]:
            path = (here / name).as_posix()
            if not _ignored(rules, path):
                found.add(path)
    return found


def git_rules(root: Path) -> Iterator[str]:
    """Give what all ignore files leave out of a project, as lines of a `.dockerignore`.

    Args:
        root: The project's folder.
    """
    top = repository_of(root)
    if top is not None:
        exclude = top / ".git" / "info" / "exclude"
        here = root.resolve().relative_to(top).as_posix()
        marks = "" if here == "." else f"..:{here}"
        if exclude.is_file():
            yield from as_docker(_lines(exclude), marks)
        for folder in reversed(root.resolve().parents):
            file = folder / ".gitignore"
            if folder.is_relative_to(top) and file.is_file():
                inner = root.resolve().relative_to(folder).as_posix()
                yield from as_docker(_lines(file), f"..:{inner}")
    kept = {name.rpartition("/")[0] for name in files_of(root)}
    for name in sorted({"", *kept}):
        file = root / name / ".gitignore"
        if file.is_file():
            yield from as_docker(_lines(file), name)


def _rules(root: Path) -> dict[str, GitIgnoreSpec]:
    """Return the rules of the project's top and above, by their folder from there."""
    found: dict[str, GitIgnoreSpec] = {}
    top = repository_of(root)
    place = root.resolve()
    if top is not None:
        for folder in reversed(place.parents):
            if folder.is_relative_to(top) and (folder / ".gitignore").is_file():
                inner = place.relative_to(folder).as_posix()
                lines = as_docker(_lines(folder / ".gitignore"), f"..:{inner}")
                anchored = [_anchored(line) for line in lines]
                found[f"..:{inner}"] = GitIgnoreSpec.from_lines(anchored)
    if (root / ".gitignore").is_file():
        found[""] = _spec(root / ".gitignore")
    return found


def _anchored(line: str) -> str:
    sign = "!" if line.startswith("!") else ""
    return f"{sign}/{line.removeprefix('!')}"


def _ignored(rules: dict[str, GitIgnoreSpec], path: str) -> bool:
    """Tell whether a path is left out: the rules of the nearest folder decide."""
    decided = None
    for folder, spec in rules.items():
        inner = path
        if folder and not folder.startswith(".."):
            if not path.startswith(f"{folder}/"):
                continue
            inner = path[len(folder) + 1 :]
        told = spec.check_file(inner).include
        decided = told if told is not None else decided
    return bool(decided)


def _spec(path: Path) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(_lines(path))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _environment() -> dict[str, str]:
    # A hook, or a shell inside one, names another repository than the folder's.
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git says, None where it is not there or refuses."""
    # A stranger's repository may name a program to be run for each look at it.
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]
    try:
        done = subprocess.run(
            [*command, *arguments],
            cwd=root,
            env=_environment(),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return done.stdout.decode("utf-8", "surrogateescape")
