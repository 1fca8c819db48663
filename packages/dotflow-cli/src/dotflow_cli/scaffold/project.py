"""A new project: its settings, and the files they lead to."""

from __future__ import annotations

import keyword
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dotflow.__about__ import __version__
from dotflow_cli.scaffold import texts

if TYPE_CHECKING:
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([_-][A-Za-z0-9]+)*")
# What is in the project beside its own module, or has to be imported by it.
_TAKEN = ("tests", "dotflow", "dotflow_cli", "pytest")

STORAGES = {
    "memory": "StorageDefault()",
    "file": "StorageFile()",
    "sqlite": "StorageSQLite()",
}
MODES = ("sequential", "background", "parallel", "threads")


@dataclass(frozen=True)
class Settings:
    """How a project is to be.

    Args:
        name: Its name.
        storage: A key of `STORAGES`.
        mode: How the README runs it, one of `MODES`.
        retry: How often its second step is tried.
        cron: When to run it; `""` for no schedule.
        docker: Whether it has a Dockerfile.
    """

    name: str
    storage: str = "sqlite"
    mode: str = "sequential"
    retry: int = 1
    cron: str = ""
    docker: bool = False

    @property
    def module(self) -> str:
        """The name of the project's package."""
        return self.name.lower().replace("-", "_")


def check_name(name: str) -> str:
    """Return the name of a project.

    Raises:
        UsageError: A package cannot be called so.
    """
    module = name.lower().replace("-", "_")
    if not _NAME.fullmatch(name) or len(name) > 60 or keyword.iskeyword(module):
        raise click.UsageError(
            f"{name!r} cannot name a project: use letters, digits and '-', beginning"
            " with a letter, such as my-shop."
        )
    if module in sys.stdlib_module_names or module in _TAKEN:
        raise click.UsageError(
            f"{name!r} would hide the module {module!r}: choose another name."
        )
    return name


def files_of(settings: Settings) -> dict[str, str]:
    """Return the files of a project: their paths in it, and what is in them."""
    storage = STORAGES[settings.storage]
    arguments = {
        "name": settings.name,
        "module": settings.module,
        "storage": storage,
        "storage_class": storage.removesuffix("()"),
        "mode": "" if settings.mode == "sequential" else f" --mode {settings.mode}",
        "retry": f"(retry={settings.retry})" if settings.retry > 1 else "",
        "version": __version__,
        "extra": "[scheduler]" if settings.cron else "",
        "cron": settings.cron,
        "command": _command(settings),
    }
    files = dict(texts.FILES)
    if settings.cron:
        files["README.md"] += texts.SCHEDULE
    if settings.docker:
        files |= texts.DOCKER
    return {
        _fill(path, arguments): _fill(text, arguments) for path, text in files.items()
    }


def write(folder: Path, files: dict[str, str]) -> None:
    """Write a project into a folder that does not exist, or holds nothing but `.git`.

    Raises:
        ClickException: There is something in it, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(entry.name != ".git" for entry in folder.iterdir()):
            raise click.ClickException(
                f"{str(folder)!r} is not empty: nothing was written."
            )
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise click.ClickException(
            f"{str(folder)!r} cannot be written: {error.strerror}."
        ) from error


def _command(settings: Settings) -> str:
    """Return what the image runs: the workflow once, or on its schedule."""
    words = ["dotflow", "start", "--workflow", f"{settings.module}.workflow:build"]
    if settings.cron:
        words[1] = "schedule"
        words += ["--cron", settings.cron]
    return ", ".join(f'"{word}"' for word in words)


def _fill(text: str, arguments: dict[str, str]) -> str:
    # Not `str.format`: Python and TOML have braces of their own.
    for name, value in arguments.items():
        text = text.replace(f"<{name}>", value)
    return text
