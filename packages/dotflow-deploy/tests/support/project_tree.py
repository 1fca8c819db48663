"""Folders with files of a project, and which of them leave this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dotflow_deploy.project import project_files

if TYPE_CHECKING:
    from pathlib import Path


def make(root: Path, *names: str) -> Path:
    """Make files in a folder, and return it."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n", encoding="utf-8")
    return root


def names(root: Path) -> list[str]:
    """Return which files of a folder are a project's."""
    return [path.as_posix() for path in project_files(root)]
