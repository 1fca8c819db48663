"""Finding and reading the file."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from dotflow.base.private import stranger
from dotflow.errors import ConfigError

OWN = "dotflow.toml"
SHARED = "pyproject.toml"
SECTION = "tool.dotflow"
TRUSTED = "DOTFLOW_SAFE_DIRECTORY"
"""The variable with folders whose files are read whoever owns them; `*` is every one."""


def find_file() -> Path | None:
    """Return the nearest file with settings, None where there is none.

    That is `dotflow.toml`, or a `pyproject.toml` that has a table `[tool.dotflow]`, in
    the current folder or one above it; in one folder the former goes first.

    Raises:
        ConfigError: A file on the way cannot be read, or is a stranger's.
    """
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / OWN).is_file():
            return _trusted(place / OWN)
        # Many a project has one that does not speak of dotflow: then look further up.
        shared = place / SHARED
        if shared.is_file() and _speaks_of_us(shared):
            return _trusted(shared)
    return None


def _speaks_of_us(shared: Path) -> bool:
    try:
        return _section(_load(shared)) is not None
    except ConfigError:
        _trusted(shared)  # what a stranger has broken is a stranger's first of all
        raise


def _trusted(path: Path) -> Path:
    """Return a file that nobody has named, unless somebody else may have written it.

    It decides where results and tokens go, and which code is imported.
    """
    allowed = os.environ.get(TRUSTED, "").split(os.pathsep)
    if "*" in allowed or str(path.parent) in [a.rstrip("/") or a for a in allowed]:
        return path
    why = stranger(path)
    if why is not None:
        raise _refusal(path, why)
    return path


def _refusal(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{path} is not read, since {why}: a stranger's settings could send secrets"
        f" anywhere. Name the file, Config.from_file({str(path)!r}), or allow the folder:"
        f" {TRUSTED}={path.parent}"
    )


def read_file(
    path: str | os.PathLike[str] | None,
) -> tuple[Path, dict[str, Any], str]:
    """Return a file's path, its settings, and the name of the table they are in.

    Args:
        path: The file; None for the nearest one.

    Raises:
        ConfigError: There is none, or it cannot be read.
    """
    found = find_file() if path is None else Path(path).absolute()
    if found is None:
        raise ConfigError(
            f"There is no {OWN}, and no {SHARED} with a table [{SECTION}], in"
            f" {Path.cwd()} or above it. Make one, or use Config.from_env()."
        )
    content = _load(found)
    if found.name != SHARED:
        return found, content, ""
    section = _section(content)
    if section is None:
        raise ConfigError(f"{found}: it has no table [{SECTION}].")
    return found, section, SECTION


def _section(content: dict[str, Any]) -> dict[str, Any] | None:
    tool = content.get("tool")
    section = tool.get("dotflow") if isinstance(tool, dict) else None
    return section if isinstance(section, dict) else None


def _load(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows put a mark of three bytes in front.
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}.") from error
