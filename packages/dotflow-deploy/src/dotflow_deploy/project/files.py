"""Which files of a project travel to a platform, and what they add up to."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from pathspec import GitIgnoreSpec

NEVER: Final = (
    # Secrets: a platform has its own place for them.
    ".env",
    ".env.*",
    "*.pem",
    "*.key",
    "*.p12",
    "id_rsa*",
    "id_ed25519*",
    ".netrc",
    ".pypirc",
    ".aws/",
    ".aliyun/",
    ".kube/",
    ".ssh/",
    "credentials.json",
    "service-account*.json",
    # What is made on each machine anew.
    ".git/",
    ".hg/",
    ".venv/",
    "/venv/",
    "node_modules/",
    "__pycache__/",
    "*.pyc",
    "*.egg-info/",
    ".*_cache/",
    ".tox/",
    ".nox/",
    ".output/",
    ".dotflow/",
    # At the top only: a package of that name is code.
    "/build/",
    "/dist/",
)
"""Patterns, as in a `.gitignore`, of what never leaves the machine."""


def project_files(root: Path) -> list[Path]:
    """Return the files that are packaged, relative to the project, sorted.

    What `.gitignore` and `.dockerignore` leave out is left out, and `NEVER` whatever
    they say. A link that leads out of the project, or nowhere, is left out too.

    Args:
        root: The project's folder.
    """
    ignored = GitIgnoreSpec.from_lines(_patterns(root))
    never = GitIgnoreSpec.from_lines(NEVER)
    inside = root.resolve()

    def leaves_out(path: str) -> bool:
        return never.match_file(path) or ignored.match_file(path)

    return sorted(
        path.relative_to(root)
        for path in _walk(root, leaves_out)
        if path.is_file() and path.resolve().is_relative_to(inside)
    )


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


def _patterns(root: Path) -> Iterator[str]:
    for name in (".gitignore", ".dockerignore"):
        path = root / name
        if path.is_file():
            yield from path.read_text(encoding="utf-8").splitlines()


def _walk(root: Path, leaves_out: Callable[[str], bool]) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        # Not looked into at all: an environment holds more files than the project.
        folders[:] = [n for n in folders if not leaves_out(f"{(here / n).as_posix()}/")]
        for name in files:
            if not leaves_out((here / name).as_posix()):
                yield root / here / name
